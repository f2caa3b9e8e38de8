"""The REST API: what a page can do, a script can do. Served at `/api/v1` beside the pages, and alone by `web.alone`."""

from web.api.service import make_api

__all__ = ["make_api"]
