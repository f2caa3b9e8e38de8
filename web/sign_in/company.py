"""Signing in with the company's account: the way to an identity provider, and back from it."""

import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from core.people.providers import Provider
from core.people.signing_in import Refused, SignedIn
from core.people.vouched import Admission, Vouched, let_in_vouched, tell_refusal
from data.errors import WaferError
from web.cookies import cookie_header, token_of
from web.own_threads import BusyError, OwnThreads
from web.sign_in.door import BUSY, Door, address_of, browser_of
from web.sign_in.look import Button
from web.sign_in.provider_talk import ProviderTalk
from web.sign_in.signing_in import BUSY_STATUS, FORBIDDEN, UNAUTHORIZED, SigningIn
from web.sign_in.underway import COOKIE, SECONDS, begin, go_on
from web.sign_in.way_back import HOME, way_back

START = "/login/oidc/"
THREADS, WAITING = 4, 16
LONGEST_CODE = 4000
MOST_TOLD, TOLD_SECONDS = 100, 60.0
NOT_BEGUN = "This sign-in was not begun in this browser, or took too long. Please try again."
CANCELLED = "You did not sign in there. Please try again, or sign in another way."
UNVERIFIED = "{title} does not say that your e-mail address is verified. Please ask an admin."
NO_EMAIL = "{title} does not say your e-mail address. Please ask an admin."
OTHER_DOMAIN = "E-mail addresses of your domain may not sign in here. Please ask an admin."
Result = TypeVar("Result")


def paths_of(providers: Mapping[str, Provider]) -> frozenset[str]:
    """Return the addresses of these providers that answer without a session."""
    return frozenset(path for name in providers for path in (START + name, f"{START}{name}/callback"))


class CompanySignIn:
    """Answers at the addresses of providers.

    Args:
        door: what is needed to let somebody in.
        signing_in: the page on which it is said what went wrong.
        providers: by name.
        url: by which people reach the app.
    """

    def __init__(self, door: Door, signing_in: SigningIn, providers: Mapping[str, Provider], url: str) -> None:
        self._door = door
        self._signing_in = signing_in
        self._talks = {
            name: ProviderTalk(provider, f"{url.rstrip('/')}{START}{name}/callback")
            for name, provider in providers.items()
        }
        self._told: deque[float] = deque(maxlen=MOST_TOLD)
        self._threads = OwnThreads(THREADS, WAITING)  # a provider that does not answer keeps no passwords waiting

    def routes(self) -> list[Route]:
        """Return the two addresses of each provider."""
        return [
            route
            for name, talk in self._talks.items()
            for route in (
                Route(START + name, partial(self._go, talk), methods=["GET"]),
                Route(f"{START}{name}/callback", partial(self._come_back, talk), methods=["GET"]),
            )
        ]

    async def _go(self, talk: ProviderTalk, request: Request) -> Response:
        """Lead a browser to the provider."""
        back = way_back(request.query_params.get("next", ""))
        secure = self._door.forms.is_secure(request)
        token = token_of(request.scope, COOKIE, secure=secure) or secrets.token_urlsafe(32)
        journey = begin(token, talk.provider.name, back)
        address = await self._ask(talk, request, partial(talk.address, journey), back)
        if isinstance(address, Response):
            return address
        answer = RedirectResponse(address, 303, {"cache-control": "no-store"})
        answer.headers.append("set-cookie", cookie_header(COOKIE, token, secure=secure, seconds=SECONDS))
        return answer

    async def _come_back(self, talk: ProviderTalk, request: Request) -> Response:
        """Let somebody in who comes back from the provider, or say why not."""
        answer = await self._meet(talk, request)
        secure = self._door.forms.is_secure(request)
        answer.headers.append("set-cookie", cookie_header(COOKIE, "", secure=secure))  # nobody comes back twice
        return answer

    async def _meet(self, talk: ProviderTalk, request: Request) -> Response:
        said, name = request.query_params, talk.provider.name
        token = token_of(request.scope, COOKIE, secure=self._door.forms.is_secure(request))
        journey = go_on(token, name, said.get("state", ""))
        if journey is None:
            return await self._refuse(talk, request, NOT_BEGUN, HOME, FORBIDDEN)
        code = said.get("code", "")
        if "error" in said or not 0 < len(code) <= LONGEST_CODE:
            return await self._refuse(talk, request, CANCELLED, journey.way_back)
        claims = await self._ask(talk, request, partial(talk.claims, journey, code), journey.way_back)
        if isinstance(claims, Response):
            return claims
        if why := _objection(talk.provider, claims):
            return await self._refuse(talk, request, why, journey.way_back)
        came = await self._ask(talk, request, partial(self._let_in, talk.provider, claims, request), journey.way_back)
        if isinstance(came, Response):
            return came
        if isinstance(came, Refused):
            return self._signing_in.page(request, journey.way_back, came.sentence, status=UNAUTHORIZED)
        return await self._signing_in.enter(request, came, journey.way_back)

    def _let_in(self, provider: Provider, claims: Mapping[str, Any], request: Request) -> SignedIn | Refused:
        rules = provider.rules
        return let_in_vouched(
            self._door.database(),
            vouched_by(provider, claims),
            Admission(rules.sign_up, rules.sign_up_role, rules.sign_up_products, rules.take_over),
            address=address_of(request),
            browser=browser_of(request),
        )

    async def _ask(
        self, talk: ProviderTalk, request: Request, work: Callable[[], Result], back: str
    ) -> Result | Response:
        """Return what takes time, or a page that says why there is nothing."""
        try:
            return await self._threads.run(work)
        except BusyError:
            return self._signing_in.page(request, back, BUSY, status=BUSY_STATUS)
        except WaferError as error:
            return await self._refuse(talk, request, f"{error.where}: {error.problem}. {error.remedy}", back)

    async def _refuse(
        self, talk: ProviderTalk, request: Request, sentence: str, back: str, status: int = UNAUTHORIZED
    ) -> Response:
        if self._is_flood():
            return self._signing_in.page(request, back, sentence, status=status)

        def tell() -> None:
            with self._door.database().writing() as session:
                tell_refusal(
                    session,
                    talk.provider.way,
                    sentence,
                    address=address_of(request),
                    browser=browser_of(request),
                )

        try:
            await self._threads.run(tell)
        except BusyError:
            sentence, status = BUSY, BUSY_STATUS
        return self._signing_in.page(request, back, sentence, status=status)

    def _is_flood(self) -> bool:
        """Whether the trail was told so much in a minute that more would fill it; anybody may ask for these pages."""
        moment = time.monotonic()
        if len(self._told) == MOST_TOLD and moment - self._told[0] < TOLD_SECONDS:
            return True
        self._told.append(moment)
        return False


def vouched_by(provider: Provider, claims: Mapping[str, Any]) -> Vouched:
    """Return what a provider vouches for, by the tables of the site.

    Args:
        provider: which.
        claims: what it says of a person; they were checked.
    """
    rules = provider.rules
    role = rules.role_of(claims) if rules.role_claim else None
    name = claims.get("name")
    return Vouched(
        provider.way,
        f"{provider.issuer} {claims['sub']}",
        str(claims["email"]),
        name if isinstance(name, str) else "",
        role,
        rules.products_of(claims) if rules.product_claim else None,
        without_role=bool(rules.role_claim) and role is None,
    )


def buttons_of(providers: Mapping[str, Provider]) -> Callable[[str], list[Button]]:
    """Return what writes the buttons of the sign-in page for a place of the app where somebody wants to go."""
    return lambda back: [
        Button(f"Sign in with {provider.title}", f"{START}{name}" + ("" if back == HOME else f"?next={quote(back)}"))
        for name, provider in providers.items()
    ]


def _objection(provider: Provider, claims: Mapping[str, Any]) -> str:
    """Why a person whom the provider knows may not come in by their e-mail, "" where they may."""
    email = claims.get("email")
    if not isinstance(email, str) or not email:
        return NO_EMAIL.format(title=provider.title)
    if not provider.trust_email and claims.get("email_verified") not in (True, "true"):
        return UNVERIFIED.format(title=provider.title)
    return "" if provider.takes(email.strip()) else OTHER_DOMAIN
