from core.identity import Person
from dataclasses import dataclass
from datetime import datetime, UTC
import secrets
@dataclass(frozen=True)
class P_:
    name: str = "Ana"
    id: int = 1
@dataclass(frozen=True)
class Visit:
    id: int
    person: object
    started_at: datetime
    seen_at: datetime
    ends_at: datetime
KEPT = {}
def open_session(session, account_id, *, address, browser):
    t = secrets.token_urlsafe(32); n = datetime.now(UTC)
    KEPT[t] = Visit(len(KEPT)+1, Person("Ana"), n, n, n); return t
def session_of(session, token): return KEPT.get(token)
def end_session(session, id):
    for t, v in list(KEPT.items()):
        if v.id == id: del KEPT[t]
