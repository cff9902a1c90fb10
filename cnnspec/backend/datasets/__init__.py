"""Labelled data to train and measure with. Files are read without trust; what is wrong is a diagnostic."""

from cnnspec.backend.datasets.arrays import read_npy, read_npz
from cnnspec.backend.datasets.samples import Dataset, Samples, bad_data
from cnnspec.backend.datasets.sources import FORMS, open_dataset

__all__ = ["FORMS", "Dataset", "Samples", "bad_data", "open_dataset", "read_npy", "read_npz"]
