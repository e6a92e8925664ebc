"""Server-sent events are read alike however the connection cuts them."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from policy_service.entrypoints.cli.server_sent_events import Message, messages

STREAM = (
    b": hello\nid: 7\n\n"
    b'id: 8\nevent: access.denied\ndata: {"a":\n'
    b"data: 1}\n\n"
    b": still here\n\n"
    b"event: gap\r\nid:9\r\ndata: {}\r\n\r\n"
    b"data:  two spaces\nretry\n\n"
    b"id: 10\ndata: this never ends\n"
)
READ = [
    Message("7", "message", ""),
    Message("8", "access.denied", '{"a":\n1}'),
    Message("9", "gap", "{}"),
    Message(None, "message", " two spaces"),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_messages_are_complete_however_the_stream_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[start:end] for start, end in pairwise(places)]
    assert list(messages(chunks)) == READ


@given(st.text(st.characters(exclude_categories=("Cs",))), st.integers(1, 7))
def test_a_name_may_hold_what_unicode_calls_an_end_of_line(name: str, size: int) -> None:
    sent = f"id: 1\ndata: {json.dumps(name, ensure_ascii=False)}\n\n".encode()
    [message] = messages(sent[start : start + size] for start in range(0, len(sent), size))
    assert json.loads(message.data) == name
