package client

import (
	"context"
	"net/http"
)

// OperatorSetting is a setting that the program uses.
type OperatorSetting struct {
	Name       string `json:"name"`
	Value      string `json:"value"`      // a secret is masked
	Origin     string `json:"origin"`     // where the value came from
	Changeable bool   `json:"changeable"` // operators can set it
}

type operatorSettings struct {
	Settings []OperatorSetting `json:"settings"`
}

func (s *operatorSettings) whole() bool { return s.Settings != nil }

// Settings returns the settings that the program uses.
func (o *Operators) Settings(ctx context.Context) ([]OperatorSetting, error) {
	var out operatorSettings
	err := o.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/operator/settings", want: http.StatusOK, again: always}, &out)
	return out.Settings, err
}

// SetSetting sets a setting. The value is written as in the environment, and takes hold at once.
func (o *Operators) SetSetting(ctx context.Context, name, value string) error {
	return o.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/operator/settings/{name}", values: []string{name}, want: http.StatusNoContent,
		body: struct {
			Value string `json:"value"`
		}{value},
	})
}

// RemoveSetting takes away the value that an operator has set, so that the default is in force again.
func (o *Operators) RemoveSetting(ctx context.Context, name string) error {
	return o.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/operator/settings/{name}", values: []string{name}, want: http.StatusNoContent, again: untilGone,
	})
}
