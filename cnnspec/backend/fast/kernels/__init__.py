"""The kernels of the fast backend, one file a family. None imports LLVM: they write through `simd.Emitter`."""
