"""URIs of outputs that send datagrams."""

import pytest

from facewire.errors import ConfigError
from facewire.sinks.datagrams.address import Multicast, parse_address
from facewire.sinks.output_help import Option, OutputHelp

ABOUT = OutputHelp(
    form="x://HOST[:1234]",
    example="x://127.0.0.1:1234?colour=red",
    receivers="nobody",
    switch_on="switch it on",
    options=(Option("colour", "red", "of the face", ("red", "blue")), Option("name", "", "any")),
)


@pytest.mark.parametrize(
    ("uri", "host", "port"),
    [
        ("x://studio:99", "studio", 99),
        ("x://studio", "studio", 1234),
        ("x://", "127.0.0.1", 1234),
        ("x:", "127.0.0.1", 1234),
        ("x:studio", "studio", 1234),
        ("x://:99", "127.0.0.1", 99),
        ("X://[::1]/", "::1", 1234),
        ("x://[fe80::1%eth0]:7", "fe80::1%eth0", 7),
    ],
)
def test_what_is_left_out_has_a_default(uri: str, host: str, port: int) -> None:
    address = parse_address(uri, ABOUT, host="127.0.0.1", port=1234)
    assert (address.host, address.port) == (host, port)


def test_options_have_defaults_and_may_be_given() -> None:
    address = parse_address("x://?name=a%20b&colour=blue", ABOUT, host="h", port=1)
    assert address.options["name"] == "a b"
    assert address.options["colour"] == "blue"
    assert parse_address("x://", ABOUT, host="h", port=1).options["colour"] == "red"


def test_a_name_of_a_sink_can_be_given_to_it_again() -> None:
    for uri in ("x://[::1]:99", "x://studio:7"):
        assert str(parse_address(uri, ABOUT)) == uri


def test_multicast_has_an_interface_and_a_reach() -> None:
    given = parse_address("x://239.1.2.3:9?interface=10.0.0.7&ttl=4", ABOUT)
    assert given.multicast == Multicast("10.0.0.7", 4)


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("x://:0", "needs a host and a port; write it like x://127.0.0.1:1234"),
        ("x://h:port", "cannot be read"),
        ("x://[::1", "cannot be read"),
        ("x://h/path", "has a path, which means nothing here; leave it out"),
        ("x://h#1", "has a #"),
        ("x://me@h", "an @"),
        ("x://h?size=2", "has no option 'size'; it has colour, name, interface, ttl"),
        ("x://h?colour=green", "says colour=green; give red or blue"),
        ("x://h?name=a&name=b", "gives name twice; leave one out"),
        ("x://h?ttl=0", "says ttl=0; give a number from 1 to 255"),
        ("x://h?interface=eth0", "give this machine's IPv4 address there"),
        ("x://h?interface=::1", "give this machine's IPv4 address there"),
    ],
)
def test_anything_else_is_the_users_mistake(uri: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_address(uri, ABOUT, host="127.0.0.1", port=1234)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
