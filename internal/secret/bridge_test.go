package secret

import "context"

// Run lets tests run work through the gate that all hashes pass.
func Run(ctx context.Context, h *Hasher, work func()) error { return h.run(ctx, work) }
