"""Where things are on this machine; `FREEHOLD_HOME` moves all of the user's folders at once."""

import os
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"


def overlay() -> Path:
    """The user's folder of facts that add to or correct the knowledge base."""
    return config() / "data"


def config() -> Path:
    """The user's folder for settings."""
    home = os.environ.get("FREEHOLD_HOME")
    if home:
        return Path(home)
    from platformdirs import user_config_path

    return user_config_path("freehold", appauthor=False)


def state() -> Path:
    """The user's folder for what Freehold itself writes down, such as measurements."""
    home = os.environ.get("FREEHOLD_HOME")
    if home:
        return Path(home) / "state"
    from platformdirs import user_state_path

    return user_state_path("freehold", appauthor=False)


def ledger() -> Path:
    """Where this user's ledger is."""
    return state() / "ledger.sqlite3"


def runtimes() -> Path:
    """Where the runtimes of engines are built; `FREEHOLD_RUNTIMES` names another folder."""
    told = os.environ.get("FREEHOLD_RUNTIMES")
    return Path(told).absolute() if told else data() / "runtimes"


def data() -> Path:
    """The user's folder for what Freehold installs, such as the runtimes of engines."""
    home = os.environ.get("FREEHOLD_HOME")
    if home:
        return Path(home) / "share"
    from platformdirs import user_data_path

    return user_data_path("freehold", appauthor=False)
