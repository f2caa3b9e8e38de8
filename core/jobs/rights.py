"""What somebody has to be allowed to do to start a job, by the job's name."""

from collections.abc import Mapping

from core.people.roles import Permission

NEEDS: Mapping[str, Permission] = {
    "ablate": Permission.TRAINING_WRITE,
    "batch": Permission.INFERENCE_WRITE,
    "build_index": Permission.INFERENCE_WRITE,
    "check_alarms": Permission.ALARM_WRITE,
    "embed_wafers": Permission.INFERENCE_WRITE,
    "export_model": Permission.TRAINING_WRITE,
    "ingest": Permission.WAFER_WRITE,
    "make_version": Permission.TRAINING_WRITE,
    "map_wafers": Permission.INFERENCE_WRITE,
    "score_version": Permission.TRAINING_WRITE,
    "segment": Permission.INFERENCE_WRITE,
    "select_wafers": Permission.ACTIVE_LEARNING_WRITE,
    "simulate_learning": Permission.ACTIVE_LEARNING_WRITE,
    "train": Permission.TRAINING_WRITE,
}


def permission_of(job: str) -> Permission:
    """Return what it takes to start a job; any that is not named is for who may change how the system is set up.

    Example:
        >>> permission_of("train").value
        'training.write'
    """
    return NEEDS.get(job, Permission.SYSTEM_CONFIG)
