"""Setting a password by a one-time link: the first one of an invitation, or a new one after a reset."""

from functools import partial

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.people.invitations import accept, account_of_link
from core.people.sessions import open_session
from data.errors import WaferError
from web.own_threads import BusyError
from web.sign_in.door import BUSY, Door, address_of, browser_of
from web.sign_in.forms import TOO_OLD
from web.sign_in.look import Field, form, page, paragraph, said
from web.sign_in.signing_in import BUSY_STATUS, FORBIDDEN, LONGEST_PASSWORD

TITLE = "Set your password"
UNUSABLE = "This link has been used or is too old. Ask an administrator for a new one."
DIFFERENT = "The two passwords differ."
HINT = "At least 12 characters. A few words that nobody else would put together are fine."
GONE, UNPROCESSABLE = 410, 422
LONGEST_TOKEN = 200


class SettingPassword:
    """Answers the page of a one-time link.

    Args:
        door: what is needed to let somebody in.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    async def show(self, request: Request) -> Response:
        """Show the page of a link."""
        return await self._page(request, request.query_params.get("token", ""))

    async def take(self, request: Request) -> Response:
        """Set the password and let the person in, under a session that begins now."""
        sent = await self._door.forms.read(request)
        if sent is None:
            return await self._page(request, request.query_params.get("token", ""), TOO_OLD, FORBIDDEN)
        token, password = sent.get("token", ""), sent.get("password", "")
        if password != sent.get("again", ""):
            return await self._page(request, token, DIFFERENT, UNPROCESSABLE)
        try:
            opened = await self._door.threads.run(partial(self._accept, request, token, password))
        except BusyError:
            return await self._page(request, token, BUSY, BUSY_STATUS)
        except WaferError as error:
            return await self._page(request, token, f"{_capital(error.problem)}. {error.remedy}", UNPROCESSABLE)
        return self._door.let_in(request, opened, "/")

    def _accept(self, request: Request, token: str, password: str) -> str:
        with self._door.database().writing() as session:
            account = accept(session, token[:LONGEST_TOKEN], password[: LONGEST_PASSWORD + 1])
            return open_session(session, account.id, address=address_of(request), browser=browser_of(request))

    def _email(self, token: str) -> str | None:
        with self._door.database().reading() as session:
            account = account_of_link(session, token[:LONGEST_TOKEN])
        return account.email if account else None

    async def _page(self, request: Request, token: str, refused: str = "", status: int = 200) -> HTMLResponse:
        email = await self._door.threads.run(partial(self._email, token)) if token else None
        if email is None:
            return page(TITLE, said(UNUSABLE) + '<p class="below"><a href="/login">To the sign-in</a></p>', GONE)
        more = {"required": "", "minlength": "12", "maxlength": str(LONGEST_PASSWORD)}
        fields = (
            Field("email", "E-mail", "email", "username", email, more={"readonly": ""}),
            Field("password", "New password", "password", "new-password", hint=HINT, more=more),
            Field("again", "The same again", "password", "new-password", more=more),
        )

        def body(hidden: dict[str, str]) -> str:
            return (
                paragraph("With it you sign in from now on.")
                + said(refused)
                + form("/set-password", fields, "Set password and sign in", {**hidden, "token": token})
            )

        return self._door.show(request, TITLE, body, status)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
