package scenarios

import (
	"context"
	"fmt"

	"github.com/hookrig/hookrig/internal/content"
)

// maxSink bounds the requests that an effect with sink reads.
const maxSink = 10_000

// sink reads the requests that the consumer sent to a bin.
func (r *run) sink(ctx context.Context, s *Sink) (any, error) {
	b := r.bins[s.Bin]
	list, err := r.captures(ctx, b, 0, s.Where)
	if err != nil {
		return nil, err
	}
	if len(list) > maxSink {
		return nil, fmt.Errorf("bin %s has more than %d requests: narrow them with where", s.Bin, maxSink)
	}
	summary, err := r.binSummary(ctx, b)
	if err != nil {
		return nil, err
	}
	if summary.Evicted > 0 {
		return nil, fmt.Errorf("bin %s evicted %d requests to make room", s.Bin, summary.Evicted)
	}
	body := make([]any, len(list))
	for i := range list {
		body[i] = content.Root(&list[i].Message, content.Ample)
	}
	return map[string]any{"status": 0, "headers": map[string]any{}, "body": body}, nil
}
