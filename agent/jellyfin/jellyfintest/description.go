package jellyfintest

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// published holds descriptions of the calls that an agent or a client that signs in makes,
// and an answer about ratings. testdata/trim.jq makes the files jellyfin-*.json from the
// OpenAPI descriptions that Jellyfin publishes; undescribed.json has calls that these lack.
//
//go:embed testdata/jellyfin-*.json testdata/undescribed.json testdata/ratings.json
var published embed.FS

// version10_8 is the one version without a published description.
const version10_8 = "10.8"

// Versions returns the versions of Jellyfin that the fake can be, the oldest first.
func Versions() []string { return []string{version10_8, "10.9", "10.10", "10.11", "12"} }

// described holds the published description of one version of Jellyfin, and facts that are
// known only from its source.
type described struct {
	exact       string // the full version: "10.11.11"
	takesLegacy bool   // the version takes the old ways of showing a token
	operations  []*operation
	schemas     openapi3.Schemas
}

type operation struct {
	*openapi3.Operation
	method, path string
	needs        string // see [needs]
	atAnyHour    bool   // the hours of local users do not matter
}

// describeAll reads the descriptions of all versions. The result is never changed.
var describeAll = sync.OnceValues(func() (map[string]*described, error) {
	all := map[string]*described{}
	for _, version := range Versions() {
		d, err := readDescription(version)
		if err != nil {
			return nil, fmt.Errorf("jellyfintest: the description of %s: %w", version, err)
		}
		all[version] = d
	}
	return all, nil
})

func readDescription(version string) (*described, error) {
	from := version
	if version == version10_8 {
		from = "10.9"
	}
	raw, err := published.ReadFile("testdata/jellyfin-" + from + ".json")
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, err
	}
	d := &described{exact: doc.Info.Version, takesLegacy: version != "12", schemas: doc.Components.Schemas}
	d.add(doc)
	if version == version10_8 {
		d.exact = "10.8.13"
		d.makeOld()
		return d, nil
	}
	if raw, err = published.ReadFile("testdata/undescribed.json"); err != nil {
		return nil, err
	}
	if doc, err = openapi3.NewLoader().LoadFromData(raw); err != nil {
		return nil, err
	}
	d.add(doc)
	return d, nil
}

// add adds the operations of a published description.
func (d *described) add(doc *openapi3.T) {
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			d.operations = append(d.operations, &operation{o, method, path, needs(o), atAnyHour(o)})
		}
	}
}

// describe returns the OpenAPI description that a version of Jellyfin publishes.
func describe(version string) (*described, error) {
	all, err := describeAll()
	if err != nil {
		return nil, err
	}
	d, ok := all[version]
	if !ok {
		return nil, fmt.Errorf("jellyfintest: no version %q; there are %v", version, Versions())
	}
	return d, nil
}

// needs returns what a caller must send for an operation: "" for nothing, "token" for any
// token, or "administrator" for the token of an administrator. "setup" means nothing until
// the setup wizard is finished, and the token of an administrator after that.
func needs(o *openapi3.Operation) string {
	if o.Security == nil {
		return ""
	}
	for _, security := range *o.Security {
		if slices.Contains(security["CustomAuthentication"], "RequiresElevation") {
			return "administrator"
		}
		if slices.Contains(security["CustomAuthentication"], "FirstTimeSetupOrElevated") {
			return "setup"
		}
	}
	return "token"
}

// atAnyHour reports whether an operation takes the token of a local user outside of their hours.
func atAnyHour(o *openapi3.Operation) bool {
	if o.Security == nil {
		return false
	}
	for _, security := range *o.Security {
		for _, rule := range security["CustomAuthentication"] {
			if strings.HasSuffix(rule, "IgnoreParentalControl") {
				return true
			}
		}
	}
	return false
}

// makeOld turns a description of 10.9 into a description of 10.8. It changes only the calls that
// an agent makes before it refuses that version, as far as their differences are known.
func (d *described) makeOld() {
	d.operations = slices.DeleteFunc(d.operations, func(o *operation) bool {
		return o.path == "/UserImage" || o.OperationID == "GetSessions"
	})
	for _, o := range d.operations {
		switch o.OperationID {
		case "InitiateQuickConnect":
			o.method = "GET"
		case "AuthorizeQuickConnect": // only for the local user of the token itself
			o.Parameters = slices.DeleteFunc(o.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.Name == "userId" })
		case "UpdateUserPassword":
			o.path = "/Users/{userId}/Password"
			o.Parameters.GetByInAndName(openapi3.ParameterInQuery, "userId").In = openapi3.ParameterInPath
		}
	}
}

// exceptions returns the statuses of the plain-text answers that Jellyfin gives when an
// operation throws one of Jellyfin's own exceptions. The published descriptions leave them
// out.
func exceptions(operation string) []int {
	return map[string][]int{
		"InitiateQuickConnect":         {400, 401},
		"GetQuickConnectState":         {401, 404},
		"AuthorizeQuickConnect":        {400, 401, 403, 404, 500},
		"AuthenticateWithQuickConnect": {401, 404},
		"AuthenticateUserByName":       {400, 401, 403},
		"CreateUserByName":             {400},
		"UpdateUserPolicy":             {400, 403, 404},
		"UpdateUserPassword":           {403, 404},
		"DeleteUser":                   {400, 404, 500},
		"GetUserById":                  {400, 404},
		"UpdateUser":                   {400, 403, 404},
		"UpdateUserPasswordLegacy":     {403, 404},
		"DeleteDevice":                 {400, 404},
		"PostUserImage":                {400, 404},
		"GetUserImage":                 {404},
		"HeadUserImage":                {404},
		"SendMessageCommand":           {404},
		"SendPlaystateCommand":         {404},
	}[operation]
}

// find returns the operation of a request, and the parameters of its path by name. The
// result known is true if the path exists, perhaps with another method.
func (d *described) find(method, path string) (o *operation, params map[string]string, known bool) {
	for _, candidate := range d.operations {
		found, ok := match(candidate.path, path)
		if !ok {
			continue
		}
		known = true
		// The operation with fewer parameters is the right one: "/Users/New" is not a user
		// with the id "New".
		if candidate.method == method && (o == nil || len(found) < len(params)) {
			o, params = candidate, found
		}
	}
	return o, params, known
}

// match compares a path with a template. Letter case counts in parameters only.
func match(template, path string) (map[string]string, bool) {
	want, have := strings.Split(template, "/"), strings.Split(strings.TrimSuffix(path, "/"), "/")
	if len(want) != len(have) {
		return nil, false
	}
	params := map[string]string{}
	for i := range want {
		if name, ok := strings.CutPrefix(want[i], "{"); ok {
			params[strings.TrimSuffix(name, "}")] = have[i]
		} else if !strings.EqualFold(want[i], have[i]) {
			return nil, false
		}
	}
	return params, true
}
