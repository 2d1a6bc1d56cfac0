"""The desk of a session, set as it was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from rtsep.config import PATHS
from rtsep.live_session.spec import LiveSpec
from rtsep.mixer.control import Control
from rtsep.mixer.desk import Desk, preset_desk


def new_desk(spec: LiveSpec, stems: Sequence[str], control: Control) -> Desk:
    """Raises ConfigError for what a desk refuses."""
    paths = PATHS if spec.instant else PATHS[:1]
    desk = Desk(stems, control, paths, spec.presets)
    desk.set_policy(spec.policy)
    desk.set_limiter(spec.limiter)
    desk.set_path(spec.path)
    desk.set_recording(spec.record_now)
    desk.set_trim(spec.trim_db)
    preset_desk(
        desk,
        gains_db=spec.gains_db,
        mute=spec.mute,
        solo=spec.solo,
        eq_db=spec.eq_db,
        filters=spec.filters,
        preset=spec.preset,
    )
    return desk
