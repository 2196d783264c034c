"""The names that loggers give to how bad a line is, brought to six levels."""

from knowledge.text.logs.model import Level

_NAMES = {
    Level.FATAL: "fatal critical crit panic emerg emergency alert dpanic f severe_fatal",
    Level.ERROR: "error err eror severe failure fail e",
    Level.WARN: "warn warning w",
    Level.INFO: "info information informational notice log i config statement detail hint",
    Level.DEBUG: "debug debug1 debug2 debug3 debug4 debug5 trace fine finer finest verbose dbug "
    "trce d t v verb",
}
BY_NAME = {name: level for level, names in _NAMES.items() for name in names.split()}

WORDS = (
    "FATAL|CRITICAL|CRIT|PANIC|EMERG|EMERGENCY|ALERT|ERROR|ERR|SEVERE|WARNING|WARN|INFO|NOTICE"
    "|DEBUG|TRACE|FINE|FINER|FINEST|VERBOSE|DPANIC"
)
"""Level words as an expression; in capitals they need no context."""

_PINO = ((60, Level.FATAL), (50, Level.ERROR), (40, Level.WARN), (30, Level.INFO))
_SYSLOG = (Level.FATAL,) * 3 + (Level.ERROR, Level.WARN, Level.INFO, Level.INFO, Level.DEBUG)


def named(name: str) -> Level:
    """The level of a logger's word for it; unknown for anything else."""
    return BY_NAME.get(name.strip().lower(), Level.UNKNOWN)


def numbered(number: float) -> Level:
    """The level of a number: syslog's 0..7, else the tens of Python, pino and bunyan."""
    if 0 <= number <= 7:
        return _SYSLOG[int(number)]
    if 10 <= number <= 60:
        return next((level for least, level in _PINO if number >= least), Level.DEBUG)
    return Level.UNKNOWN


def of_priority(priority: int) -> Level:
    """The level of a syslog priority (RFC 5424: facility * 8 + severity)."""
    return _SYSLOG[priority % 8]


def of_status(status: int) -> Level:
    """The level of an HTTP answer: 5xx is an error, 4xx a warning."""
    return Level.ERROR if status >= 500 else Level.WARN if status >= 400 else Level.INFO
