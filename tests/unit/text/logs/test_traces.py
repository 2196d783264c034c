"""Stack traces of five languages are one event each: exception, message, causes, own calls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.text.logs import StackTrace, read_log

PYTHON = """\
2026-11-22 02:53:55,123 ERROR shop.cart: could not place the order
Traceback (most recent call last):
  File "/usr/lib/python3.11/site-packages/urllib3/connection.py", line 3, in connect
    sock = open_socket()
ConnectionRefusedError: [Errno 111] Connection refused

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/shop/cart.py", line 10, in place
    post(order)
    ^^^^^^^^^^^
  File "/app/shop/pay.py", line 99, in post
    raise PaymentError("gone") from error
shop.errors.PaymentError: 10.0.0.1:443 is gone
2026-11-22 02:53:56,123 INFO shop.cart: next
"""
JAVA = """\
2026-11-22 02:53:56,200 ERROR [http-1] shop.Orders : failed java.lang.RuntimeException: order 12
\tat shop.OrderService.place(OrderService.java:42)
\tat org.springframework.aop.Proxy.invoke(Proxy.java:1)
\tat java.base/java.lang.Thread.run(Thread.java:833)
Caused by: java.net.SocketTimeoutException: connect timed out
\tat java.base/java.net.Socket.connect(Socket.java:1)
\tat shop.PayClient.call(PayClient.java:7)
\t... 23 more
2026-11-22 02:53:57,000 INFO [http-1] shop.Orders : next
"""
GO = """\
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a2b1c]

goroutine 17 [running]:
runtime.panicmem(...)
\t/usr/local/go/src/runtime/panic.go:260
example.org/shop/cart.(*Cart).Total(0x0)
\t/app/cart/cart.go:33 +0x1d
main.main()
\t/app/main.go:12 +0x85
exit status 2
2026/11/22 02:53:57 next
"""
NODE = """\
TypeError: Cannot read properties of undefined (reading 'id')
    at checkout (/app/src/cart.js:10:5)
    at async /app/src/index.js:3:1
    at Layer.handle (/app/node_modules/express/lib/layer.js:95:5)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {
  code: 'ECONNREFUSED',
  errno: -111
}
next
"""
DOTNET = """\
Unhandled exception. System.AggregateException: One or more errors occurred. (disk full)
 ---> System.IO.IOException: disk full
   at Shop.Store.Write(String path) in /src/Store.cs:line 12
   at System.IO.File.Open(String path)
   --- End of inner exception stack trace ---
   at Shop.Program.Main(String[] args)
next
"""


def only(text: str) -> StackTrace:
    digest = read_log(text)
    assert [template.example.endswith("next") for template in digest.templates][-1]
    (trace,) = digest.traces
    return trace


def calls(trace: StackTrace) -> list[str]:
    return [str(frame) for frame in trace.frames]


def test_python_with_a_chain() -> None:
    trace = only(PYTHON)
    assert (trace.language, trace.exception) == ("python", "shop.errors.PaymentError")
    assert trace.message == "<ip> is gone"
    assert trace.causes == (("ConnectionRefusedError", "[Errno 111] Connection refused"),)
    assert calls(trace) == ["post (/app/shop/pay.py:99)", "place (/app/shop/cart.py:10)"]
    assert (trace.first_line, trace.lines) == (2, 14)


def test_java_with_a_cause_and_a_head_inside_the_log_line() -> None:
    trace = only(JAVA)
    assert (trace.language, trace.exception) == ("java", "java.lang.RuntimeException")
    assert trace.message == "order <num>"
    assert trace.causes == (("java.net.SocketTimeoutException", "connect timed out"),)
    assert calls(trace) == [
        "shop.PayClient.call (PayClient.java:7)",
        "shop.OrderService.place (OrderService.java:42)",
    ]
    assert trace.first_time is not None


def test_go_panics_with_the_routine_that_failed() -> None:
    trace = only(GO)
    assert (trace.language, trace.exception) == ("go", "panic: runtime error")
    assert trace.message == "invalid memory address or nil pointer dereference"
    assert calls(trace) == [
        "example.org/shop/cart.(*Cart).Total (/app/cart/cart.go:33)",
        "main.main (/app/main.go:12)",
    ]


def test_node_with_the_fields_of_the_error() -> None:
    trace = only(NODE)
    assert (trace.language, trace.exception) == ("node", "TypeError")
    assert calls(trace) == ["checkout (/app/src/cart.js:10)", "<anonymous> (/app/src/index.js:3)"]
    assert trace.lines == 8


def test_dotnet_with_an_inner_exception() -> None:
    trace = only(DOTNET)
    assert (trace.language, trace.exception) == ("dotnet", "System.AggregateException")
    assert trace.causes == (("System.IO.IOException", "disk full"),)
    assert calls(trace) == ["Shop.Store.Write (/src/Store.cs:12)", "Shop.Program.Main"]


@pytest.mark.parametrize("text", [PYTHON, JAVA, GO, NODE, DOTNET], ids=lambda text: text[:12])
def test_equal_traces_are_counted_and_a_prefix_on_every_line_does_not_matter(text: str) -> None:
    alone = only(text)
    (trace,) = read_log(text + text).traces
    assert (trace.count, trace.lines, trace.key) == (2, 2 * alone.lines, alone.key)
    prefixed = [f"web-1 | 2026-11-22T02:53:55Z ERROR {line}" for line in text.splitlines() if line]
    (behind,) = read_log(prefixed).traces
    assert (behind.exception, behind.frames) == (alone.exception, alone.frames)


def test_the_calls_of_a_library_are_told_where_there_are_no_own_ones() -> None:
    text = (
        "java.lang.IllegalStateException: closed\n"
        "\tat java.util.concurrent.Pool.take(Pool.java:1)\n"
        "\tat org.apache.kafka.Client.poll(Client.java:2)\n"
    )
    (trace,) = read_log(text).traces
    assert [frame.function for frame in trace.frames] == ["org.apache.kafka.Client.poll"]


@pytest.mark.parametrize(
    "line",
    [
        '{"level":"error","msg":"bad","stack":"Error: bad\\n    at f (/app/a.js:1:2)"}',
        "2026-11-22 02:53:55 ERROR bad: Error: bad\\n    at f (/app/a.js:1:2)",
    ],
)
def test_a_trace_inside_one_line_is_found_and_the_line_stays_a_template(line: str) -> None:
    digest = read_log([line, line])
    (trace,) = digest.traces
    assert (trace.exception, trace.count, trace.lines) == ("Error", 2, 0)
    assert sum(template.count for template in digest.templates) == 2


def test_a_line_that_only_names_an_exception_is_no_trace() -> None:
    digest = read_log("ERROR java.io.IOException: disk full\nINFO next\nValueError: x\nnext")
    assert digest.traces == ()
    assert len(digest.templates) == 4


_PIECES = st.sampled_from(
    [line for text in (PYTHON, JAVA, GO, NODE, DOTNET) for line in text.split("\n")]
)


@given(st.lists(st.one_of(_PIECES, st.text(max_size=12)), max_size=60))
def test_traces_cut_and_mixed_in_any_way_lose_no_line(lines: list[str]) -> None:
    lines = [line.replace("\n", " ") for line in lines]
    digest = read_log(lines)
    in_templates = sum(template.count for template in digest.templates)
    in_traces = sum(trace.lines for trace in digest.traces)
    assert digest.lines == len(lines) == digest.blank + in_templates + in_traces


def test_a_trace_without_end_is_bounded() -> None:
    call = "\tat shop.Deep.call(Deep.java:7)\n"
    (trace,) = read_log("java.lang.StackOverflowError: deep\n" + call * 20_000).traces
    assert trace.lines == 20_001
    assert len(trace.example) <= 4_000
    assert len(trace.frames) == 1
