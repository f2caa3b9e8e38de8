"""The API without pages, for as many workers as one wants: `uvicorn web.alone:app --workers 4 --lifespan on`."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from core.settings import settings
from data.masking import mask_logs
from web.api import make_api
from web.api.service import PATH
from web.host_guard import HostGuard

mask_logs()
app = Starlette(routes=[Mount(PATH, make_api())], middleware=[Middleware(HostGuard, hosts=settings().hosts)])
