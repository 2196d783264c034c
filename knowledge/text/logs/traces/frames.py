"""Single calls of stack traces, by language, and which of them are the team's own."""

import re

from knowledge.text.logs.model import Frame

_PYTHON = re.compile(r'[\s|]{0,60}File "([^"\n]{1,400})", line (\d{1,9})(?:, in (.{1,200}))?')
_JAVA = re.compile(
    r"\s{0,40}at (?:[\w.@-]{0,100}/{1,2})?([\w.$<>/-]{1,300})"
    r"\((?:([\w$-]{1,120}\.\w{1,10})(?::(\d{1,7}))?|Native Method|Unknown Source|<generated>)\)"
)
_NODE = re.compile(
    r"\s{0,40}at (?:async )?(?:(?:new )?([^\s(][^(\n]{0,200}?) \()?"
    r"((?:node:|file://|webpack:|[A-Za-z]:\\|/|\.|[\w@-])[^()\n]{0,400}?):(\d{1,9})"
    r"(?::\d{1,9})?\)?(?: \{)?$"
)
_NODE_NATIVE = re.compile(
    r"\s{0,40}at (?:async )?(?:new )?([\w.$<> \[\]]{1,200}) \((native|<anonymous>|index \d{1,9})\)$"
)
_DOTNET = re.compile(
    r"\s{0,40}at ([\w.`+<>\[\],|&-]{1,400})\([^\n]{0,600}?\)"
    r"(?: in ([^\n]{1,400}?):line (\d{1,9}))?\s*$"
)
_GO_FUNCTION = re.compile(
    r"(?:created by )?([\w./~@%-]{1,250}\.[\w.*()\[\]{}$…/-]{1,150}?)"
    r"(?:\([^\n]{0,600}\)| in goroutine \d{1,12})?$"
)
_GO_PLACE = re.compile(r"\s{1,40}(\S{1,400}\.(?:go|s)):(\d{1,7})(?: \+0x[0-9a-f]{1,16})?$")

_FOREIGN_FILE = {
    "python": re.compile(r"site-packages|dist-packages|[/\\][Ll]ib[/\\](?:python)?|<frozen|^<"),
    "node": re.compile(r"node_modules|^node:|^internal/|^<|^native|^index \d|^[\w-]+\.js$"),
    "go": re.compile(
        r"/pkg/mod/|/vendor/|/go/src/(?!.*\.)|/go/src/(?:runtime|net|internal)/|libexec/src/"
    ),
}
_FOREIGN_FUNCTION = {
    "java": re.compile(
        r"(?:javax?|jakarta|sun|jdk|kotlinx?|scala|groovy|clojure|akka|reactor|feign|okhttp3|okio"
        r"|retrofit2|io\.(?:netty|grpc|vertx|undertow|micrometer|micronaut|quarkus|lettuce|reactivex)"
        r"|com\.(?:sun|fasterxml|zaxxer|mysql|mongodb|amazonaws|rabbitmq|google\.common|google\.inject)"
        r"|org\.(?:springframework|apache|hibernate|eclipse|jboss|junit|postgresql|slf4j|mockito"
        r"|gradle|codehaus|aspectj|redisson|glassfish|elasticsearch|mariadb|quartz|xnio|jooq))\."
        r"|ch\.qos\.|oracle\.|net\.bytebuddy\."
    ),
    "dotnet": re.compile(
        r"(?:System|Microsoft|Npgsql|MySql|MySqlConnector|Newtonsoft|Grpc|Serilog|NLog|Polly|Castle"
        r"|StackExchange|Autofac|MediatR|Dapper|RabbitMQ|Confluent|MongoDB|Azure|Amazon)\.|lambda_method"
    ),
    "go": re.compile(
        r"(?:archive|bufio|bytes|compress|container|context|crypto|database|debug|embed|encoding"
        r"|errors|expvar|flag|fmt|go|hash|html|image|internal|io|iter|log|maps|math|mime|net|os|path"
        r"|plugin|reflect|regexp|runtime|slices|sort|strconv|strings|sync|syscall|testing|text|time"
        r"|unicode|unsafe)[./]|panic(?:\(|$)"
    ),
}
_RUNTIME = re.compile(r"(?:java|jdk|sun|System|runtime)\.|node:|<frozen")
_MOST_FALLBACK = 3


def language_of(line: str) -> str:
    """The language of a line that is a call ("at ..."), "" when it is none."""
    if _JAVA.match(line):
        return "java"
    if _NODE.match(line) or _NODE_NATIVE.match(line):
        return "node"
    return "dotnet" if _DOTNET.match(line) else ""


def frame(language: str, line: str) -> Frame | None:
    """One line of a trace as a call, None when it is something else."""
    if language == "python":
        match = _PYTHON.match(line)
        return Frame(match[3] or "<module>", match[1], int(match[2])) if match else None
    if language == "node":
        if match := _NODE.match(line):
            return Frame(match[1] or "<anonymous>", match[2], int(match[3]))
        match = _NODE_NATIVE.match(line)
        return Frame(match[1], match[2]) if match else None
    match = (_JAVA if language == "java" else _DOTNET).match(line)
    return Frame(match[1], match[2] or "", int(match[3] or 0)) if match else None


def go_function(line: str) -> str:
    """The function of a Go frame's first line, "" when it is none."""
    match = _GO_FUNCTION.match(line)
    return match[1] if match else ""


def go_place(line: str) -> tuple[str, int] | None:
    """File and line of a Go frame's second line."""
    match = _GO_PLACE.match(line)
    return (match[1], int(match[2])) if match else None


def own(language: str, frames: list[Frame]) -> list[Frame]:
    """The team's own calls. Where there are none at all, the innermost few that are not the
    language's own runtime: the team may be the maker of the library."""
    kept = [one for one in frames if not _is_foreign(language, one)]
    if kept:
        return kept
    outside = [
        one for one in frames if not _RUNTIME.match(one.function) and not _RUNTIME.match(one.file)
    ]
    return (outside or frames)[:_MOST_FALLBACK]


def _is_foreign(language: str, one: Frame) -> bool:
    by_file, by_function = _FOREIGN_FILE.get(language), _FOREIGN_FUNCTION.get(language)
    return bool(
        (by_file and by_file.search(one.file)) or (by_function and by_function.match(one.function))
    )
