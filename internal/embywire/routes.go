package embywire

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Routes are the paths of a media server of Emby's kind: in any letter case, with or without the
// prefixes /emby and /mediabrowser, with or without a slash at the end (§4.1). The zero value has
// no paths.
type Routes struct {
	table Table[http.Handler]
	below []string // unescaped paths: "/jellyfin"
}

// Handle adds a route. methods are separated by blanks: "GET POST". A route for GET also answers
// HEAD, unless another route names HEAD. A part in braces, such as in the pattern "/Users/{Id}",
// matches any one part of a path, which [PathValue] returns. The first route that matches is used.
func (r *Routes) Handle(methods, pattern string, handler http.Handler) {
	r.table.Add(methods, pattern, handler)
}

// Below makes the routes also answer below a path, such as "/jellyfin", in any letter case. A proxy
// in front of a media server may leave this path on the requests. path is escaped. "" changes
// nothing.
func (r *Routes) Below(path string) {
	if plain, err := url.PathUnescape(path); err == nil && plain != "" && !slices.Contains(r.below, plain) {
		r.below = append(r.below, plain)
	}
}

// found is the value in the context of a request for which a route was found.
type found struct {
	pattern string
	values  map[string]string
}

type foundKey struct{}

// PathValue returns the part of a request's path that matched a name in braces, in the letter case
// of the request. It returns "" if the route has no such part.
func PathValue(request *http.Request, name string) string {
	of, _ := request.Context().Value(foundKey{}).(found)
	return of.values[strings.ToLower(name)]
}

// Pattern returns the pattern of the route that was found for a request, or "".
// Unlike a path it contains no secret, so it can be logged.
func Pattern(request *http.Request) string {
	of, _ := request.Context().Value(foundKey{}).(found)
	return of.pattern
}

// Find returns the handler for a request, and the request with the values for
// [PathValue]. Without a handler, ok is false, and allowed lists the methods that
// the path has.
func (r *Routes) Find(request *http.Request) (handler http.Handler, with *http.Request, allowed []string, ok bool) {
	if !strings.HasPrefix(request.URL.Path, "/") { // "*"
		return nil, request, nil, false
	}
	match := r.match(request.Method, request.URL.Path)
	if !match.OK {
		return nil, request, match.Allowed, false
	}
	of := found{match.Pattern, match.Values}
	return match.Value, request.WithContext(context.WithValue(request.Context(), foundKey{}, of)), nil, true
}

// match looks for a path as it is. If it finds nothing, it looks for the path without a path of
// [Routes.Below] at its front.
func (r *Routes) match(method, path string) Match[http.Handler] {
	match := r.table.Find(method, strings.Trim(withoutPrefixes(path), "/"))
	for _, base := range r.below {
		if match.OK {
			break
		}
		rest, found := cutPrefixFold(OneSlash(path), base)
		if !found {
			continue
		}
		if inside := r.table.Find(method, strings.Trim(withoutPrefixes(rest), "/")); inside.OK || len(match.Allowed) == 0 {
			match = inside
		}
	}
	return match
}

// withoutPrefixes removes /emby and /mediabrowser from the front of a path, also if a
// client sends both, or one of them twice.
func withoutPrefixes(path string) string {
	path = "/" + strings.TrimLeft(path, "/")
	for range 3 {
		rest, found := cutPrefixFold(path, "/emby")
		if !found {
			rest, found = cutPrefixFold(path, "/mediabrowser")
		}
		if !found {
			return path
		}
		path = "/" + strings.TrimLeft(rest, "/")
	}
	return path
}

// cutPrefixFold cuts prefix, in any letter case, off path. prefix must be whole parts
// of the path.
func cutPrefixFold(path, prefix string) (rest string, found bool) {
	if len(path) < len(prefix) || !strings.EqualFold(path[:len(prefix)], prefix) {
		return path, false
	}
	rest = path[len(prefix):]
	return rest, rest == "" || strings.HasPrefix(rest, "/")
}

// ID returns the id of a media server in the form in which ids are compared: 32 hex
// digits in lower case, without dashes. It returns "" for a text that is not an id.
func ID(text string) string {
	text = strings.ToLower(strings.ReplaceAll(text, "-", ""))
	if len(text) != 32 || strings.Trim(text, "0123456789abcdef") != "" {
		return ""
	}
	return text
}
