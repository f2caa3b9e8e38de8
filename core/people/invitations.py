from types import SimpleNamespace
def account_of_link(session, token): return SimpleNamespace(email="ana@fab.example", id=1) if token == "good" else None
def accept(session, token, password): return account_of_link(session, token)
