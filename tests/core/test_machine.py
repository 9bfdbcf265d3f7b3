"""The machine probe: real on this machine, and faithful to what drivers and systems print."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core import bandwidth, machine
from freehold.core.machine import Gpu, amd_cards, container_limit, parse_cpuinfo, parse_nvidia

NVIDIA = """NVIDIA GeForce RTX 4090, 24564, 560.35.03
NVIDIA H100 80GB HBM3, 81559, 560.35.03
"""
INTEL = """processor	: 0
model name	: Intel(R) Xeon(R) Platinum 8481C
flags		: fpu avx avx2 fma f16c avx512f avx512_vnni amx_tile amx_int8 amx_bf16
"""
ARM = """processor	: 0
Features	: fp asimd asimddp i8mm bf16 sve
"""


def test_this_machine_has_cores_memory_and_a_disk() -> None:
    seen = machine.probe()
    assert seen.cores >= 1
    assert 0 < seen.memory_available <= seen.memory
    assert seen.disk_free > 0


def test_cards_are_read_as_nvidia_smi_prints_them() -> None:
    assert list(parse_nvidia(NVIDIA)) == [
        Gpu("NVIDIA GeForce RTX 4090", 24564 * 2**20, "560.35.03"),
        Gpu("NVIDIA H100 80GB HBM3", 81559 * 2**20, "560.35.03"),
    ]


@pytest.mark.parametrize("text", ["No devices were found\n", "", "name, [N/A], 1\n", "a,b"])
def test_lines_that_are_no_cards_are_passed_over(text: str) -> None:
    assert list(parse_nvidia(text)) == []


def test_a_driver_that_answers_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA L4, 23034, 550.54'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert next(iter(machine._gpus())).name == "NVIDIA L4"


def test_a_driver_that_fails_counts_as_no_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'; exit 9\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert [gpu for gpu in machine._gpus() if "SMI" in gpu.name] == []


def test_amd_cards_are_read_from_the_files_of_their_driver(tmp_path: Path) -> None:
    device = tmp_path / "card0" / "device"
    device.mkdir(parents=True)
    (device / "mem_info_vram_total").write_text("25753026560\n")
    (device / "product_name").write_text("Radeon RX 7900 XTX\n")
    assert list(amd_cards(tmp_path)) == [Gpu("Radeon RX 7900 XTX", 25753026560)]


def test_processors_are_read_on_both_architectures() -> None:
    name, instructions = parse_cpuinfo(INTEL)
    assert name == "Intel(R) Xeon(R) Platinum 8481C"
    assert {"avx512f", "amx_int8"} <= set(instructions)
    assert parse_cpuinfo(ARM)[1] == ("asimd", "asimddp", "i8mm", "bf16", "sve")


@given(st.text())
def test_any_text_can_stand_in_cpuinfo(text: str) -> None:
    name, _ = parse_cpuinfo(text)
    assert isinstance(name, str)


@pytest.mark.parametrize(
    ("file", "text", "limit"),
    [
        ("memory.max", "8589934592\n", 8589934592),
        ("memory.max", "max\n", None),
        ("memory/memory.limit_in_bytes", "2147483648\n", 2147483648),
        ("memory/memory.limit_in_bytes", "9223372036854771712\n", None),
    ],
)
def test_the_limit_of_a_container_counts(
    tmp_path: Path, file: str, text: str, limit: int | None
) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert container_limit(tmp_path) == limit


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "250000 100000\n"}, 3),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_the_time_that_a_container_gets_counts_as_cores(
    tmp_path: Path, files: dict[str, str], cores: int | None
) -> None:
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert machine.container_cores(tmp_path) == cores


def test_the_bandwidth_is_really_measured() -> None:
    assert bandwidth.measure(block=2**22, rounds=2) > 10**8


def test_a_measured_bandwidth_is_kept_and_a_broken_file_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("FREEHOLD_HOME", str(tmp_path))
    monkeypatch.setattr(bandwidth, "measure", lambda: 42)
    assert bandwidth.known() is None
    assert bandwidth.measured()[0] == 42
    kept = bandwidth.known()
    assert kept is not None
    assert kept[0] == 42
    next((tmp_path / "state").glob("*.json")).write_text("{broken")
    assert bandwidth.known() is None


def test_a_home_that_cannot_be_written_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREEHOLD_HOME", str(tmp_path / "file" / "below"))
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(bandwidth, "measure", lambda: 42)
    assert bandwidth.remeasure()[0] == 42
