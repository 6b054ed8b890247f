"""The published accuracies, on recordings of 29 mice."""

LIMITS = (1, 10, 100, 1000, "all")

#: Plain accuracy by number of labels per class; 5 folds, 3 trials.
PUBLISHED = {
    "RP": (0.572, 0.741, 0.854, 0.899, 0.908),
    "TS": (0.533, 0.786, 0.873, 0.933, 0.941),
    "CPC": (0.503, 0.647, 0.772, 0.852, 0.869),
    "RP+TS+CPC": (0.631, 0.838, 0.891, 0.929, 0.947),
    "joint": (0.848, 0.910, 0.930, 0.930, 0.942),  # 2 of the 5 folds
    "full supervision": (0.336, 0.351, 0.373, 0.850, 0.894),
    "random": (0.354, 0.344, 0.350, 0.507, 0.548),
}
