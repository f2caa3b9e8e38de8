"""The sign-in: e-mail and password, then a code where the account has a second factor; and the sign-out."""

from collections.abc import Callable, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.people.accounts import PROXY
from core.people.sessions import end_session
from core.people.signing_in import Refused, SignedIn, sign_in
from core.people.vouched import Admission, Vouched, let_in_vouched
from web.cookies import session_token
from web.own_threads import BusyError
from web.proxy_identity import EMAIL
from web.sign_in.door import BUSY, RETRY_SECONDS, Door, address_of, browser_of, visit_of
from web.sign_in.forms import TOO_OLD
from web.sign_in.look import Button, Field, elsewhere, form, paragraph, said
from web.sign_in.way_back import way_back

TITLE = "Sign in"
SIGNED_OUT = "You have signed out."
LEFT = "out"
"""Name in the query string by which the page knows that somebody has just signed out."""
LONGEST_EMAIL, LONGEST_PASSWORD = 254, 256
UNAUTHORIZED, FORBIDDEN, TOO_MANY, BUSY_STATUS = 401, 403, 429, 503


class SigningIn:
    """Answers the pages of signing in and out.

    Args:
        door: what is needed to let somebody in.
        buttons: writes those that lead elsewhere, for a place of the app where somebody wants to go.
        by_proxy: what holds for people for whom the trusted proxy vouches, and whom nobody here knows.
    """

    def __init__(self, door: Door, buttons: Callable[[str], Sequence[Button]], by_proxy: Admission) -> None:
        self._door = door
        self._buttons = buttons
        self._by_proxy = by_proxy

    async def show(self, request: Request) -> Response:
        """Show the sign-in; who has signed in already goes where they wanted to go."""
        back = way_back(request.query_params.get("next", ""))
        if visit_of(request):
            return RedirectResponse(back, 303, {"cache-control": "no-store"})
        if LEFT in request.query_params:
            return self.page(request, back, told=SIGNED_OUT)
        if email := request.scope.get(EMAIL):
            return await self._take_proxied(request, email, back)
        return self.page(request, back)

    async def take(self, request: Request) -> Response:
        """Read e-mail and password."""
        sent = await self._door.forms.read(request)
        if sent is None:
            return self.page(request, way_back(request.query_params.get("next", "")), TOO_OLD, status=FORBIDDEN)
        email, password, back = sent.get("email", ""), sent.get("password", ""), way_back(sent.get("next", ""))
        answer = await self._try(request, email, password, None)
        if isinstance(answer, SignedIn):
            return await self.enter(request, answer, back)
        if isinstance(answer, Refused) and answer.needs_code:
            return self._code_page(request, self._door.half_ways.keep(email, password, back))
        return self._refused(answer, partial(self.page, request, back, email=email))

    async def take_code(self, request: Request) -> Response:
        """Read the code of the second factor."""
        sent = await self._door.forms.read(request)
        half_way = self._door.half_ways.look(sent.get("half_way", "")) if sent else None
        if sent is None or half_way is None:
            return self.page(request, way_back(""), TOO_OLD, status=FORBIDDEN)
        answer = await self._try(request, half_way.email, half_way.password, sent.get("code", "").strip())
        if isinstance(answer, SignedIn):
            self._door.half_ways.forget(sent["half_way"])
            return await self.enter(request, answer, half_way.way_back)
        if isinstance(answer, Refused) and not answer.needs_code:
            self._door.half_ways.forget(sent["half_way"])
            return self._refused(answer, partial(self.page, request, half_way.way_back, email=half_way.email))
        return self._refused(answer, partial(self._code_page, request, sent["half_way"]))

    async def ask_out(self, request: Request) -> Response:
        """Ask whether to sign out: an address alone, which another page may lead to, changes nothing."""
        visit = visit_of(request)
        if visit is None:
            return RedirectResponse("/login", 303)
        name = visit.person.name

        def body(hidden: dict[str, str]) -> str:
            return (
                paragraph(f"You are signed in as {name}.")
                + form("/logout", (), "Sign out", hidden)
                + '<p class="below"><a href="/">Back to the app</a></p>'
            )

        return self._door.show(request, "Sign out", body)

    async def take_out(self, request: Request) -> Response:
        """End the session of this browser."""
        visit = visit_of(request)
        if visit is not None:
            if await self._door.forms.read(request) is None:
                return await self.ask_out(request)
            await self._end(request, visit.id)
        return self._door.let_out(request, RedirectResponse(f"/login?{LEFT}=1", 303))

    async def _try(
        self, request: Request, email: str, password: str, code: str | None
    ) -> SignedIn | Refused | BusyError:
        if len(email) > LONGEST_EMAIL or len(password) > LONGEST_PASSWORD:
            email, password = email[:LONGEST_EMAIL], password[:LONGEST_PASSWORD] + "…"  # wrong, and as slow as others
        work = partial(
            sign_in,
            self._door.database(),
            email,
            password,
            code,
            address=address_of(request),
            browser=browser_of(request),
        )
        try:
            return await self._door.threads.run(work)
        except BusyError as error:
            return error

    async def _take_proxied(self, request: Request, email: str, back: str) -> Response:
        """Let in for whom the trusted proxy vouches."""
        work = partial(
            let_in_vouched,
            self._door.database(),
            Vouched(PROXY, "", email),
            self._by_proxy,
            address=address_of(request),
            browser=browser_of(request),
        )
        try:
            answer: SignedIn | Refused | BusyError = await self._door.threads.run(work)
        except BusyError as error:
            answer = error
        if isinstance(answer, SignedIn):
            return await self.enter(request, answer, back)
        return self._refused(answer, partial(self.page, request, back))

    async def enter(self, request: Request, answer: SignedIn, back: str) -> Response:
        """Let in under the new token; what the browser held before is worth nothing from now on."""
        visit = visit_of(request)
        if visit is not None:
            await self._end(request, visit.id)
        return self._door.let_in(request, answer.token, back)

    async def _end(self, request: Request, number: int) -> None:
        def end() -> None:
            with self._door.database().writing() as session:
                end_session(session, number)

        await self._door.threads.run(end)
        secure = self._door.forms.is_secure(request)
        self._door.visits.end(session_token(request.scope, tls=secure))

    def _refused(self, answer: Refused | BusyError | SignedIn, show: "Callable[..., HTMLResponse]") -> HTMLResponse:
        if isinstance(answer, Refused):
            shown = show(refused=answer.sentence, status=TOO_MANY if answer.retry_after else UNAUTHORIZED)
            wait = answer.retry_after or 0
        else:
            shown, wait = show(refused=BUSY, status=BUSY_STATUS), RETRY_SECONDS
        if wait:
            shown.headers["retry-after"] = str(int(wait))
        return shown

    def page(
        self, request: Request, back: str, refused: str = "", *, email: str = "", told: str = "", status: int = 200
    ) -> HTMLResponse:
        """Return the sign-in page.

        Args:
            request: that it answers.
            back: where the person goes once they are in.
            refused: why they are not in, "" where there is nothing to say.
            email: that stands in the form at first.
            told: what else to say first.
            status: of the answer.
        """
        fields = (
            Field(
                "email", "E-mail", "email", "username", email[:LONGEST_EMAIL], more={"required": "", "maxlength": "254"}
            ),
            Field("password", "Password", "password", "current-password", more={"required": "", "maxlength": "256"}),
        )

        buttons = self._buttons(back)
        in_form = bool(email) or not buttons  # who wrote an e-mail signs in by it

        def body(hidden: dict[str, str]) -> str:
            return (
                said(refused)
                + said(told, refused=False)
                + elsewhere(buttons, focused=not in_form)
                + form("/login", fields, "Sign in", {**hidden, "next": back}, focused=in_form)
                + '<p class="below">No account, or password forgotten? An administrator can send you a link.</p>'
            )

        return self._door.show(request, TITLE, body, status)

    def _code_page(self, request: Request, half_way: str, refused: str = "", status: int = 200) -> HTMLResponse:
        code = Field(
            "code",
            "Code",
            "text",
            "one-time-code",
            hint="Six digits from your authenticator app, or one of your recovery codes.",
            more={
                "inputmode": "text",
                "required": "",
                "maxlength": "40",
                "spellcheck": "false",
                "autocapitalize": "off",
            },
        )

        def body(hidden: dict[str, str]) -> str:
            return (
                said(refused)
                + form("/login/code", (code,), "Sign in", {**hidden, "half_way": half_way})
                + '<p class="below"><a href="/login">Start again</a></p>'
            )

        return self._door.show(request, "Second factor", body, status)
