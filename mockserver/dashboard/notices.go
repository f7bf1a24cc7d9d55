package dashboard

import (
	"context"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
)

type noticesIn struct {
	Provider string `query:"provider" doc:"only notices of this provider"`
}

func (k *dashboard) listNotices(ctx context.Context, in *noticesIn) (*response[list[delivery.Notice]], error) {
	if in.Provider != "" {
		if _, err := k.catalogue.Provider(in.Provider); err != nil {
			return nil, err
		}
	}
	found, err := k.providers.Notices(ctx, in.Provider)
	if err != nil {
		return nil, err
	}
	return fullList(found), nil
}
