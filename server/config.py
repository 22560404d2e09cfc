"""Settings: read from the environment once, checked at start, never read elsewhere."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsError(SystemExit):
    """A setting is missing or odd: the start stops with a sentence that says which."""


@dataclass(frozen=True)
class Settings:
    """All that may differ between two installations."""

    host: str
    port: int
    var: Path
    database_url: str
    files: str
    demo: bool
    public_url: str | None
    secret_key: str | None
    threads: int
    processes: int
    max_body_bytes: int
    tiles: str | None = None
    testing: bool = False


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of this process.

    Raises:
        SettingsError: a value cannot be used; the sentence names it.
    """
    env = os.environ if environ is None else environ
    var = Path(env.get("THUCDIA_VAR", "") or "var").resolve()
    return Settings(
        host=env.get("HOST", "") or "127.0.0.1",
        port=_number(env, "PORT", 8000, 1, 65535),
        var=var,
        database_url=_database(env.get("DATABASE_URL", ""), var),
        files=env.get("THUCDIA_FILES", "") or str(var / "files"),
        demo=env.get("THUCDIA_DEMO", "1") not in {"0", "no", "false"},
        public_url=_url(env.get("THUCDIA_URL", "")),
        secret_key=env.get("THUCDIA_SECRET") or None,
        threads=_number(env, "THUCDIA_THREADS", 8, 1, 256),
        processes=_number(env, "THUCDIA_PROCESSES", 1, 1, 64),
        max_body_bytes=_number(env, "THUCDIA_MAX_BODY_MB", 100, 1, 2000) * 1_000_000,
        tiles=_tiles(env.get("THUCDIA_TILES", "")),
    )


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name, "") or str(default)
    digits = text.isascii() and text.isdigit() and len(text) < 10
    if not digits or not low <= int(text) <= high:
        raise SettingsError(
            f"{name}={text[:20]!r}: cần một số nguyên từ {low} đến {high} / "
            f"a whole number from {low} to {high} is needed."
        )
    return int(text)


def _database(url: str, var: Path) -> str:
    if not url:
        return f"sqlite:///{var / 'thucdia.sqlite3'}"
    if url.startswith(("postgresql://", "postgres://")):
        return "postgresql+psycopg://" + url.split("://", 1)[1]
    if url.startswith(("postgresql+psycopg://", "sqlite:///")):
        return url
    raise SettingsError(
        f"DATABASE_URL={url!r}: chỉ dùng sqlite:///… hoặc postgresql://… / "
        "only sqlite:///… or postgresql://… will do."
    )


def _url(text: str) -> str | None:
    if not text:
        return None
    if not text.startswith(("http://", "https://")):
        raise SettingsError(
            f"THUCDIA_URL={text!r}: cần bắt đầu bằng http:// hoặc https:// / "
            "must start with http:// or https://."
        )
    return text.rstrip("/")


def _tiles(text: str) -> str | None:
    """Return where the map's background comes from; None: a plain canvas.

    A path is one of this host, which the TLS front serves from an office's own folder.
    """
    if not text:
        return None
    from_anywhere = text.startswith(("http://", "https://", "/")) and text[:2] != "//"
    usable = from_anywhere and not set(text) & set(" ;,'\"")
    if not usable or not all(part in text for part in ("{z}", "{x}", "{y}")):
        raise SettingsError(
            f"THUCDIA_TILES={text!r}: cần địa chỉ http(s), hoặc đường dẫn /… trên máy chủ này, "
            "có {z}, {x}, {y} / an http(s) address, or a path /… of this host, with {z}, {x} "
            "and {y} is needed."
        )
    return text
