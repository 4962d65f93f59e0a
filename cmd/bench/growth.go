package main

import (
	"context"
	"net/http"

	"github.com/latchkey-media/latchkey/internal/bench"
)

// The goal of growth: with 1,000,000 accounts, the median time of a read is at most 1.3 times the
// median time with 1,000 accounts.
const (
	fewAccounts = 1000
	growthGoal  = 1.3
)

// growthCases starts the service twice, with few accounts and with many. It returns the cases that
// compare the reads of both.
func (r *run) growthCases(ctx context.Context) ([]bench.Case, error) {
	many, all := r.town, r.accounts
	few, err := newTown(fewAccounts)
	if err != nil {
		return nil, err
	}
	manyProgram, _, err := r.startSeeded(ctx, "many", r.program)
	if err != nil {
		return nil, err
	}
	r.town, r.accounts = few, fewAccounts
	fewProgram, _, err := r.startSeeded(ctx, "few", r.program)
	r.town, r.accounts = many, all
	if err != nil {
		return nil, err
	}
	manyProgram.name, fewProgram.name = "many accounts", "1,000 accounts"
	var cases []bench.Case
	manyRoutes := many.routes("")
	for i, rt := range few.routes("") {
		if rt.floor == 0 || rt.want == http.StatusCreated {
			continue
		}
		rt.connections, manyRoutes[i].connections = 4, 4
		grown := manyRoutes[i].target(manyProgram)
		grown.Compare = []bench.Comparison{{Of: fewProgram.name, Half: true, Most: growthGoal}, {Of: fewProgram.name}}
		cases = append(cases, bench.Case{Name: rt.name, Targets: []bench.Target{rt.target(fewProgram), grown}})
	}
	return cases, nil
}
