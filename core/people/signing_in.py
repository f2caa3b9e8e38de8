from dataclasses import dataclass
from core.people.sessions import open_session
@dataclass(frozen=True)
class SignedIn: token: str
@dataclass(frozen=True)
class Refused:
    sentence: str
    needs_code: bool = False
    retry_after: float|None = None
def sign_in(database, email, password, code=None, *, address, browser):
    if password == "lock": return Refused("Too many attempts. Try again in 15 minutes.", False, 900)
    if password != "right horse": return Refused("E-mail or password is wrong.")
    if email.startswith("two") and code is None: return Refused("Enter the code.", True)
    if email.startswith("two") and code != "123456": return Refused("The code is wrong.", True)
    return SignedIn(open_session(None, 1, address=address, browser=browser))
