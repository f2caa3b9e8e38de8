"""The API without pages, for as many workers as one wants: `uvicorn web.alone:app --workers 4 --lifespan on`."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount

from core.settings import settings
from data.masking import mask_logs
from web.api import make_api, stores
from web.api.service import PATH
from web.entrance import entrance

PICTURES = Path(__file__).parents[1] / "pages" / "parts" / "assets"

mask_logs()
MIDDLEWARE, OWN_ROUTES = entrance(
    settings(), stores.database, lambda: 0, b"", (PICTURES / "logo.svg", PICTURES / "icon.svg")
)
app = Starlette(routes=[*OWN_ROUTES, Mount(PATH, make_api())], middleware=MIDDLEWARE)
