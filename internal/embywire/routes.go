package embywire

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// Routes are the paths of a media server of Emby's kind: in any letter case, with
// or without the prefixes /emby and /mediabrowser, with or without a slash at the
// end (§4.1). The zero value has none.
type Routes struct{ all []route }

type route struct {
	methods []string
	pattern string   // as it was given
	parts   []string // in lower case; "{name}" stands for any one part
	handler http.Handler
}

// Handle adds a route. methods are separated by blanks: "GET POST". A route for GET
// also answers HEAD, unless another route names HEAD. A part of pattern in braces,
// such as in "/Users/{Id}", matches any one part, which [PathValue] returns. The
// first route that matches is used.
func (r *Routes) Handle(methods, pattern string, handler http.Handler) {
	r.all = append(r.all, route{strings.Fields(methods), pattern, split(strings.ToLower(pattern)), handler})
}

// found is the value in the context of a request for which a route was found.
type found struct {
	pattern string
	values  map[string]string
}

type foundKey struct{}

// PathValue returns the text in a request's path for a part in braces, in the letter
// case of the request. It returns "" if the route has no such part.
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
// [PathValue]. If there is no handler, ok is false, and allowed lists the methods
// that the path has.
func (r *Routes) Find(request *http.Request) (handler http.Handler, with *http.Request, allowed []string, ok bool) {
	if !strings.HasPrefix(request.URL.Path, "/") { // "*"
		return nil, request, nil, false
	}
	parts := split(withoutPrefixes(request.URL.Path))
	for _, method := range wanted(request.Method) {
		for i := range r.all {
			candidate := &r.all[i]
			if !slices.Contains(candidate.methods, method) {
				continue
			}
			if values, fits := candidate.fits(parts); fits {
				of := found{candidate.pattern, values}
				return candidate.handler, request.WithContext(context.WithValue(request.Context(), foundKey{}, of)), nil, true
			}
		}
	}
	return nil, request, r.methods(parts), false
}

// wanted returns the methods whose routes answer a request with this method.
func wanted(method string) []string {
	if method == http.MethodHead {
		return []string{method, http.MethodGet}
	}
	return []string{method}
}

// methods returns the methods for which a path has routes.
func (r *Routes) methods(parts []string) []string {
	var all []string
	for i := range r.all {
		if _, fits := r.all[i].fits(parts); fits {
			all = append(all, r.all[i].methods...)
		}
	}
	if slices.Contains(all, http.MethodGet) {
		all = append(all, http.MethodHead)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func split(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

func (r *route) fits(parts []string) (map[string]string, bool) {
	if len(parts) != len(r.parts) {
		return nil, false
	}
	values := map[string]string{}
	for i, part := range parts {
		want := r.parts[i]
		switch {
		case strings.HasPrefix(want, "{") && part != "":
			values[strings.Trim(want, "{}")] = part
		case want != strings.ToLower(part):
			return nil, false
		}
	}
	return values, true
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
