"""The API as one ASGI app, to be mounted at `/api`: its endpoints stand below `/api/v1`."""

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from core.settings import settings
from web.api import alarms, annotations, batches, exports, models, predict, queue, training, trends, wafers
from web.api.bodies import BodyLimit
from web.api.envelope import VERSION, Failure
from web.api.problems import answer_problems
from web.api.requests import Named

PATH = "/api"
ROUTERS = (
    wafers.ROUTER,
    batches.ROUTER,
    predict.ROUTER,
    queue.ROUTER,
    annotations.ROUTER,
    training.ROUTER,
    models.ROUTER,
    trends.ROUTER,
    alarms.ROUTER,
    exports.ROUTER,
)
DESCRIPTION = """Send wafer maps, get the patterns on them. Every answer is `{success, data, metadata, error}`; an error
says its code, what was expected and found, and what to do. Wafers are named LOT:WAFER; times are UTC."""
_COMPRESSED_FROM = 1000


def make_api() -> FastAPI:
    """Return the API."""
    api = FastAPI(
        title="Waferscope",
        version=VERSION,
        description=DESCRIPTION,
        openapi_url=f"/{VERSION}/openapi.json",
        docs_url=None,
        redoc_url=None,
        middleware=[
            Middleware(Named),
            Middleware(GZipMiddleware, minimum_size=_COMPRESSED_FROM),
            Middleware(BodyLimit, most_mb=settings().upload_mb),
        ],
        separate_input_output_schemas=False,
    )
    api.root_path = PATH
    answer_problems(api)
    below = APIRouter(prefix=f"/{VERSION}", responses={code: {"model": Failure} for code in (401, 403, 422, 429, 503)})
    for router in ROUTERS:
        below.include_router(router)
    api.include_router(below)
    return api
