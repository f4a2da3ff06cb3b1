import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasion.eeg.units import Quantity, quantity, voltage


@pytest.mark.parametrize(
    ("unit", "spellings"),
    [
        ("uV", ("uV", "µV", "μV", "UV", "Uv", "uV ", "microV", "micro volts", "[uV]", "�V", "1uV")),
        ("mV", ("mV", "MV", "millivolt", "mVolt", "(mV)")),
        ("V", ("V", "v", "Volt", "volts")),
        ("nV", ("nV", "nanovolt")),
    ],
)
def test_a_volt_has_many_spellings(unit, spellings):
    assert {voltage(text) for text in spellings} == {unit}
    assert {quantity(text) for text in spellings} == {Quantity.VOLTAGE}


@pytest.mark.parametrize("text", ["", " ", "-", "Bit", "ADU", "counts", "n/a", "10uV", "uV/bit"])
def test_a_number_without_a_known_size_may_be_a_voltage(text):
    assert (voltage(text), quantity(text)) == ("", Quantity.UNCLEAR)


@pytest.mark.parametrize(
    "text",
    [
        "kOhm", "kΩ", "Ohm", "%", "bpm", "1/min", "degC", "°C", "C", "K", "mmHg", "G", "cmH2O",
        "L/min", "Hz", "dB", "uA", "uS", "uV^2", "µV²", "uV/Hz", "m/s2", "event",
    ],
)  # fmt: skip
def test_another_quantity_is_no_voltage(text):
    assert (voltage(text), quantity(text)) == ("", Quantity.OTHER)


@given(st.text(max_size=10))
def test_any_text_is_one_of_three(text):
    assert bool(voltage(text)) == (quantity(text) is Quantity.VOLTAGE)
