import socket

import pytest

from core.jobs.gpus import GpuUse, gpu_use, is_here


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Put a program in the place of NVIDIA's."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def says(script: str) -> None:
        path = tmp_path / "nvidia-smi"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return says


def test_the_tool_s_table_is_read(tool):
    tool('echo "NVIDIA A100, 40GB, 87, 1024, 40960"; echo "NVIDIA T4, 0, 3, 15360"')
    assert gpu_use() == [GpuUse("NVIDIA A100, 40GB", 0.87, 1024, 40960), GpuUse("NVIDIA T4", 0.0, 3, 15360)]


@pytest.mark.parametrize("script", ["exit 9", 'echo "No devices were found"', 'echo "A, [N/A], 1, 2"'])
def test_a_tool_that_fails_or_says_something_else_shows_no_gpu(tool, script):
    tool(script)
    assert gpu_use() == []


def test_without_the_tool_there_is_no_gpu(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_use() == []


def test_another_machine_is_not_this_one():
    assert is_here(socket.gethostname())
    assert not is_here("gpu-node-7")
