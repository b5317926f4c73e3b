"""How far each part of a face moves by itself, in weights, and where that is from.

*GRID*: measured on the training clips of GRID's speaker, the landmarks of his face in mm, by how
far the shape at 1 moves them on the ICT face model (`python -m
facewire_training.evaluation.face_motion.measure`). A deviation is over time, in speech, within
clips of 3 s.
*Anatomy*: which muscles work together (Ekman, Friesen & Hager 2002, "Facial Action Coding System");
the amount is by eye.
"""

STILL = 0.45
"""How much of the slow motion is left where nobody speaks. GRID: landmarks and head move .34 to .61
times as fast in pauses."""

BROW_SWAY = 0.09
"""Largest slow change of the brows' height. GRID: .39 mm of deviation, .069, stress included."""
BROW_FINE = 0.055
"""Largest quick change, half of it where nobody speaks. GRID: 1 mm/s in pauses, of which .5 is the
tracker's unrest, and 2.3 in speech."""
BROW_LOWERED = 0.035
"""How much lower the brows are held in speech, stress apart. GRID: .2 mm."""
BROW_DOWN = 2.2
"""browDown for a height of -1: by so much less than browInnerUp and its share of browOuterUp it
moves the ICT face's brows."""
BROW_TILT = 0.05
"""Largest difference of an outer brow from the mean of both. GRID: .1 mm of deviation."""
EYES_WIDE = 0.25
"""eyeWide for a raise of 1 of the whole brow, the engine's too. Anatomy."""

SQUINT_SLOW = 0.2
"""Largest slow eyeSquint. GRID: .25 mm of deviation of the lower lid, .13, smiles included."""
SQUINT_EFFORT = 0.3
"""eyeSquint for an effort of 1; real ones stay below 0.3. By eye."""

MOUTH_SHIFT = 0.035
"""Largest slow mouthLeft or mouthRight. GRID: .2 mm of deviation in pauses, .016."""
MOUTH_OPEN_SHIFT = 0.24
"""mouthLeft or mouthRight for a lip gap of 1, at most. GRID: .39 mm of deviation in speech, .031,
and three times the speed of pauses: it comes with opening."""
JAW_SHIFT = 0.02
"""Largest slow jawLeft or jawRight. By eye: in pauses the tracker's unrest is all that is seen."""
JAW_OPEN_SHIFT = 0.22
"""jawLeft or jawRight for a lip gap of 1, at most. GRID: .2 mm of deviation more than in pauses,
.023."""
CORNER_LIFT = 0.018
"""Largest slow rise of both corners of the mouth (mouthSmile). By eye: GRID's move far more, but
with what he says."""
CORNER_TILT = 0.028
"""Largest slow rise of one corner against the mean of both. GRID: .35 mm of deviation between them
in pauses."""
CORNER_OPEN_TILT = 0.2
"""The same for a lip gap of 1, at most. GRID: .57 mm of deviation in speech."""
CORNER_FALL = 2.3
"""mouthFrown for a rise of -1: by so much less than mouthSmile it moves the ICT face's corners."""
LEAN_HABIT = 0.1
"""By how much more one side of the mouth works than the mean of both, at most, all the session.
GRID: corners .4 mm apart at the median of a clip, of 2 to 4 mm that they move."""
LEAN_SLOW = 0.08
"""The same, as it changes."""

BREATH_PITCH = 0.0087
"""Radians by which a breath before speech lifts the chin. GRID: .5 degrees from .6 to .2 s before
the first word."""
BREATH_NOSE = 0.03
"""noseSneer of a deep breath, for nostrils that ARKit has no shape for. By eye."""
BREATH_PRESS = 0.04
"""mouthPress of a deep breath: what lifts the nose parts the lips, and this keeps them shut."""

HEAD_FINE = (0.004, 0.005, 0.0025)
"""Largest quick turn in speech, in radians. GRID: yaw, pitch and roll change by 1.6, 3.1 and .9
degrees a second, about twice as fast as in pauses; some of the pitch is his jaw's."""

POSTURE = (0.012, 0.008, 0.008)
"""Deviation of how the head is held from phrase to phrase, in radians. GRID: .039, .032 and .020 at
the median of a clip, but his clips are hours apart."""

COMPANIONS: tuple[tuple[str, str, float], ...] = (
    ("cheekSquint", "mouthSmile", 0.25),
    ("cheekSquint", "jawOpen", 0.06),
    ("eyeSquint", "mouthSmile", 0.12),
    ("eyeSquint", "mouthUpperUp", 0.05),
    ("noseSneer", "mouthUpperUp", 0.25),
    ("noseSneer", "mouthSmile", 0.05),
    ("mouthFrown", "mouthLowerDown", 0.12),
    ("mouthShrugLower", "mouthPucker", 0.2),
    ("mouthShrugLower", "mouthFunnel", 0.15),
    ("mouthShrugLower", "mouthPress", 0.2),
    ("mouthShrugUpper", "mouthPucker", 0.12),
    ("mouthShrugUpper", "mouthPress", 0.06),
)
"""(Shape, what it goes along with, by how much), on the same side of the face.

Cheeks with smiles: GRID, whose lower lid rises by .085 mm per mm of the corners. The rest is
anatomy: the lifter of the upper lip is also the nose's, the one that pulls the lower lip down has
the corners' beside it, and the chin pushes the lower lip up for round and for pressed lips. Cheeks
with open vowels are by eye: GRID's lower lid sinks."""
COMPANION_LAG = 0.06
"""Seconds by which they come after. By eye."""
