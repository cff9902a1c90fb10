"""The kernels of the fast backend, one file a family. They write through `simd.Emitter` alone."""
