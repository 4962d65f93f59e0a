package main

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// oldVersion is the one of which we have no description.
const oldVersion = "10.8"

func versions() map[string]string {
	return map[string]string{
		oldVersion: "10.8.13", "10.9": "10.9.11", "10.10": "10.10.7", "10.11": "10.11.11", "12": "12.0.0",
	}
}

// legacyRule says which ways of showing a token are taken besides the header
// Authorization with the scheme MediaBrowser, and by which versions.
type legacyRule struct {
	In      []string `json:"in"`
	Headers []string `json:"headers"`
	Query   []string `json:"query"`
	Schemes []string `json:"schemes"`
}

func legacy() legacyRule {
	return legacyRule{
		In:      []string{oldVersion, "10.9", "10.10", "10.11"},
		Headers: []string{"X-Emby-Authorization", "X-Emby-Token", "X-MediaBrowser-Token"},
		Query:   []string{"api_key"},
		Schemes: []string{"Emby"},
	}
}

// used reports whether an operation belongs into the table.
func used(name string) bool { return name != "UpdateUser" && name != "GetParentalRatings" }

// cut reports whether the objects inside of a schema are left out: only a few
// members of it are ever looked at.
func cut(name string) bool {
	return name == "BaseItemDto" || name == "SessionInfo" || name == "SessionInfoDto" || name == "DeviceInfo" || name == "DeviceInfoDto" ||
		name == "SystemInfo"
}

// itemMembers are the members of an item that a library is told with.
func itemMembers() []string {
	return []string{
		"Id", "Name", "ServerId", "Type", "IsFolder", "ParentId", "CollectionType", "LocationType", "MediaType", "SortName", "Path",
	}
}

// ruled adds what the description leaves out: the answers that exceptions become
// (Argument 400, Authentication 401, Security 403, NotFound 404, others 500; plain
// text), which operations want the whole device or a whole object, and what is
// said in words where a problem is described.
func ruled(o *operation) {
	more := map[string][]string{
		"InitiateQuickConnect":         {"400", "401"},
		"GetQuickConnectState":         {"401", "404"},
		"AuthorizeQuickConnect":        {"401", "403", "404", "500"},
		"AuthenticateWithQuickConnect": {"401", "404"},
		"AuthenticateUserByName":       {"400", "401", "403"},
		"CreateUserByName":             {"400"},
		"UpdateUserPolicy":             {"403", "404"},
		"UpdateUserPassword":           {"403", "404"},
		"DeleteUser":                   {"400", "404", "500"},
		"GetUserById":                  {"404"},
		"DeleteDevice":                 {"400", "404"},
		"PostUserImage":                {"400", "404"},
		"GetUserImage":                 {"404"},
		"HeadUserImage":                {"404"},
	}
	for _, status := range more[o.Name] {
		o.Answers[status] = append(o.Answers[status], "text")
	}
	if o.Name == "AuthorizeQuickConnect" || o.Name == "UpdateUserPolicy" {
		o.Answers["403"] = append(o.Answers["403"], "") // from the check of who may, without a body
	}
	o.Identity = o.Name == "InitiateQuickConnect" || o.Name == "AuthenticateUserByName"
	o.Whole = o.Name == "UpdateUserPolicy"
}

// addOld adds 10.8: the operations of 10.9 that an agent meets before it refuses,
// with the differences that are known.
func (t *table) addOld() {
	known := map[string]bool{
		"GetPublicSystemInfo": true, "GetSystemInfo": true, "GetPingSystem": true, "PostPingSystem": true, "GetQuickConnectEnabled": true,
		"InitiateQuickConnect": true, "GetQuickConnectState": true, "AuthorizeQuickConnect": true, "AuthenticateWithQuickConnect": true,
		"AuthenticateUserByName": true, "GetUsers": true, "GetUserById": true, "GetCurrentUser": true, "GetPublicUsers": true,
		"CreateUserByName": true, "UpdateUserPolicy": true, "UpdateUserPassword": true, "DeleteUser": true, "ReportSessionEnded": true,
		"GetMediaFolders": true, "GetKeys": true, "CreateKey": true, "RevokeKey": true, "GetDevices": true, "DeleteDevice": true,
	}
	var old []operation
	for _, o := range t.Operations {
		if known[o.Name] && slices.Contains(o.In, "10.9") {
			old = append(old, *o)
		}
	}
	for _, o := range old {
		o.In, o.Query, o.Answers = nil, maps.Clone(o.Query), maps.Clone(o.Answers)
		switch o.Name {
		case "InitiateQuickConnect":
			o.Method = "GET"
		case "AuthorizeQuickConnect":
			delete(o.Query, "userId") // only for the local user of the token itself
		case "UpdateUserPassword":
			o.Path = "/Users/{userId}/Password"
			delete(o.Query, "userId")
		}
		t.addOperation(oldVersion, o)
	}
	for _, s := range t.Schemas {
		if slices.Contains(s.In, "10.9") {
			s.In = append(s.In, oldVersion)
		}
	}
}

// addOperation adds an operation, or its version to one that is the same.
func (t *table) addOperation(version string, made operation) {
	for _, o := range t.Operations {
		same := *o
		same.In = nil
		if reflect.DeepEqual(same, made) {
			o.In = append(o.In, version)
			return
		}
	}
	made.In = []string{version}
	t.Operations = append(t.Operations, &made)
}

func (t *table) addSchema(version string, made schema) {
	for _, s := range t.Schemas {
		same := *s
		same.In = nil
		if reflect.DeepEqual(same, made) {
			s.In = append(s.In, version)
			return
		}
	}
	made.In = []string{version}
	t.Schemas = append(t.Schemas, &made)
}

// order makes two runs write the same.
func (t *table) order() {
	for _, o := range t.Operations {
		slices.SortFunc(o.In, byVersion)
		for status := range o.Answers {
			slices.Sort(o.Answers[status])
			o.Answers[status] = slices.Compact(o.Answers[status])
		}
	}
	for _, s := range t.Schemas {
		slices.SortFunc(s.In, byVersion)
	}
	slices.SortFunc(t.Operations, func(a, b *operation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method), byVersion(a.In[0], b.In[0]))
	})
	slices.SortFunc(t.Schemas, func(a, b *schema) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), byVersion(a.In[0], b.In[0]))
	})
}

func byVersion(a, b string) int {
	number := func(version string) int {
		major, minor, _ := strings.Cut(version, ".")
		first, _ := strconv.Atoi(major)
		second, _ := strconv.Atoi(minor)
		return first*1000 + second
	}
	return cmp.Compare(number(a), number(b))
}

func sorted(versions map[string]string) []string {
	return slices.SortedFunc(maps.Keys(versions), byVersion)
}
