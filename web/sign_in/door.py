"""What the pages of signing in have in common: the app database, forms, cookies, threads, and who asks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.database import AppDatabase
from core.people.sessions import Visit
from web.cookies import SESSION, cookie_header
from web.guard import VISIT
from web.own_threads import OwnThreads
from web.remembered import Remembered
from web.sign_in.forms import TOKEN, Forms
from web.sign_in.half_way import HalfWays
from web.sign_in.look import page

THREADS, WAITING = 4, 16
BROWSER_CHARACTERS = 200
RETRY_SECONDS = 5
BUSY = "Many people are signing in at this moment. Please try again in a few seconds."


def _threads() -> OwnThreads:
    return OwnThreads(THREADS, WAITING)


@dataclass(frozen=True)
class Door:
    """What is needed to let somebody in.

    Args:
        database: opens the app database, or returns the one that is open.
        visits: sessions as the guard knows them.
        forms: gives forms their token.
        pictures: the logo and the icon.
    """

    database: Callable[[], AppDatabase]
    visits: Remembered[Visit]
    forms: Forms
    pictures: tuple[Path, Path]
    half_ways: HalfWays = field(default_factory=HalfWays)
    threads: OwnThreads = field(default_factory=_threads)

    def show(
        self,
        request: Request,
        title: str,
        body: Callable[[dict[str, str]], str],
        status: int = 200,
    ) -> HTMLResponse:
        """Return a page with a form.

        Args:
            request: that it answers.
            title: of the page.
            body: writes what is below it, from what its form has to send besides.
            status: of the answer.
        """
        token = self.forms.token(request)
        answer = page(title, body({TOKEN: token}), status)
        self.forms.keep(request, answer, token)
        return answer

    def let_in(self, request: Request, token: str, way_back: str) -> Response:
        """Give the browser its new session, and lead it to its page."""
        answer = RedirectResponse(way_back, 303, {"cache-control": "no-store"})
        answer.headers.append("set-cookie", cookie_header(SESSION, token, secure=self.forms.is_secure(request)))
        return answer

    def let_out(self, request: Request, answer: Response) -> Response:
        """Take the session's cookie away."""
        answer.headers.append("set-cookie", cookie_header(SESSION, "", secure=self.forms.is_secure(request)))
        return answer


def visit_of(request: Request) -> Visit | None:
    """Return the session that the guard found, None where nobody has signed in."""
    visit: Visit | None = request.scope.get(VISIT)
    return visit


def address_of(request: Request) -> str:
    """Return the address that a request came from, "" where the server does not know it."""
    return request.client.host if request.client else ""


def browser_of(request: Request) -> str:
    """Return what a browser calls itself, cut off where it goes on and on."""
    return request.headers.get("user-agent", "")[:BROWSER_CHARACTERS]
