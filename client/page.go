package client

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
)

// PageAsk says which part of a list to return.
type PageAsk struct {
	Cursor string // the field Next of the page before; "" for the first page
	Limit  int    // the largest number of items, 1 to 100; 0 means 50
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"` // the cursor of the next page; "" on the last one
}

func (p *Page[T]) whole() bool { return p.Items != nil }

// query adds the parameters of the page to the query of a list.
func (p PageAsk) query(given url.Values) url.Values {
	query := url.Values{}
	maps.Copy(query, given)
	if p.Cursor != "" {
		query.Set("cursor", p.Cursor)
	}
	if p.Limit != 0 {
		query.Set("limit", strconv.Itoa(p.Limit))
	}
	return query
}

// fetchPage returns one page of the list at path. The texts in values replace the names in path, and
// query is sent with the request.
func fetchPage[T any](ctx context.Context, c *core, ask PageAsk, path string, query url.Values, values ...string) (Page[T], error) {
	var out Page[T]
	err := c.fetch(ctx, call{
		method: http.MethodGet, path: path, values: values, query: ask.query(query), want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// all iterates over a list, page by page. It stops at the first error.
func all[T any](ctx context.Context, page func(context.Context, PageAsk) (Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		ask := PageAsk{Limit: 100}
		for more := true; more; {
			got, err := page(ctx, ask)
			if err == nil && got.Next != "" && got.Next == ask.Cursor {
				err = fmt.Errorf("%w: a page is its own next one", ErrBadAnswer)
			}
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			more = give(got.Items, yield) && got.Next != ""
			ask.Cursor = got.Next
		}
	}
}

// give passes the items to yield, and reports whether the loop took all of them.
func give[T any](items []T, yield func(T, error) bool) bool {
	for _, item := range items {
		if !yield(item, nil) {
			return false
		}
	}
	return true
}
