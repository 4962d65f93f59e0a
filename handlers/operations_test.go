package handlers_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// withoutAPI lists the operations of models.Store that no route of the JSON API calls, each
// with the reason why it needs no route.
func withoutAPI() map[string]string {
	const (
		look    = "a page shows what a mailed link is about before it is followed; a program spends its token at once"
		header  = "a count for the header of the pages"
		wire    = "the Emby Connect protocol alone has it"
		command = "for the command line of an operator, who names accounts by their username"
		setup   = "the first run is for a person in a browser or at a terminal, before anybody has a session"
		worker  = "the workers call it"
		browser = "it leads a browser to a media server; a program has access keys for that"

		restores = "the program itself calls it, when it starts and every minute"
		metrics  = "Prometheus reads it at a port of its own"
		backups  = "the commands backup, restore and copy and the worker call it: a backup is a file of the machine, which no token may fetch"
	)
	const mailStop = "the page of a mailed link has it, and mail programs post the form of RFC 8058 there"
	return map[string]string{
		"WebhookQueue.Claim":           worker,
		"WebhookQueue.Delivered":       worker,
		"WebhookQueue.Failed":          worker,
		"WebhookQueue.HandOn":          worker,
		"WebhookQueue.TellAbsences":    worker,
		"Pictures.Read":                "a picture has an address without a token, for everybody who was told it",
		"MailStops.Look":               mailStop,
		"MailStops.Stop":               mailStop,
		"MailStops.Allow":              mailStop,
		"MailStops.OfAddress":          command,
		"MailStops.StopAddress":        command,
		"MailStops.AllowAddress":       command,
		"Recovery.ResetInBrowser":      "it marks the browser as known; a program resets by Recovery.ResetPassword",
		"Links.Start":                  "the page tells people what to press; a program reads its servers, and asks for Quick Connect by itself",
		"Servers.ListWaiting":          "the page reads it part by part; a program reads its servers by Servers.Mine, and what waits at one from its people and invites",
		"Invites.IsMember":             "the page tells it before the answer; a program reads it in the answer",
		"Invites.HasAccount":           "only the page tells it, to the reader of the mail",
		"Imports.Propose":              "the page fills its table with it; a program has its own list",
		"Imports.Work":                 "workers do it",
		"Invites.ProposeUsername":      "a page fills its field with it",
		"Registrations.ClaimCodeUntil": "the page shows the code again after a step back; a program keeps the code that it was given",

		"Backups.Claim":   worker,
		"Backups.Renew":   worker,
		"Backups.Release": worker,
		"Backups.Done":    worker,
		"Backups.Fail":    worker,
		"Backups.Note":    backups,
		"Backups.Write":   backups,
		"Backups.Last":    backups,
		"Restores.Name":   backups,
		"Console.Health":  "the checks of health call it, which GET /api/v1/operator/health shows",
		"Metrics.Count":   metrics,
		"Metrics.Load":    metrics,

		"OperatedMessages.Refresh": worker,
		"OperatedMessages.Work":    worker,
		"OperatedMessages.Shown":   "the pages show it above their content; a program of an operator lists the messages",
		"Checks.Problems":          "a page counts what is wrong; a program reads the checks themselves",
		"Restores.Declare":         restores,
		"Restores.Finish":          restores,
		"Restores.Last":            "the page of the sign-in tells it; a program learns that its session has ended",
		"Restores.Raise":           restores,
		"Accounts.SetLocale":       "the API changes the language with the rest of the profile",
		"Emails.ConfirmAgain":      "a program names the address again, which sends the mail again",
		"Emails.LookChange":        look,
		"Emails.LookConfirm":       look,
		"Emails.DidConfirm":        "the page is for a person who clicks twice; a program gets the answer of the first call",
		"Emails.LookUndo":          look,
		"Emails.Pending":           look,
		"Emails.UndoUntil":         "the page of deletion says how long to wait; the API answers with an error that says it",
		"Sessions.Count":           "the page of the account shows the number alone; the API lists the sessions",
		"Sessions.LookNotMe":       look,
		"Sessions.LookUser":        wire,
		"Sessions.LookVisitor":     header,
		"Links.Locate":             "pages and the Emby wire have it; the API reads the list together with its tag",
		"Emails.Waiting":           "the page of the account tells it; the API reads it together with the account and the session",
		"Recovery.Look":            look,
		"Stays.Look":               look,
		"Stays.Remind":             worker,
		"Stays.EndPauses":          worker,
		"PINs.LookReset":           look,
		"Invites.Look":             look,
		"Invites.AllWaiting":       header,
		"Invites.WaitingFor":       header,
		"Invites.Waiting":          header,
		"Links.Waiting":            "no page needs the count of links alone; Invites.AllWaiting counts both",
		"Invites.OfServer":         "a page looks for one invite, and agents list them; the API lists them by pages",
		"History.List":             "the API lists the history by pages",
		"Links.ByServer":           "the API lists all links of a person",
		"Opens.Addresses":          browser,
		"Opens.Note":               browser,
		"Opens.Authorize":          browser,
		"Opens.Allow":              browser,
		"Proofs.Place":             "the API answers with the same error when the proof begins",
		"Sessions.Flush":           worker,
		"Agents.Flush":             worker,
		"ServerKeys.Flush":         worker,
		"Mail.Claim":               worker,
		"Mail.ClaimWithin":         worker,
		"Mail.Leases":              worker,
		"Mail.EndLease":            worker,
		"Mail.HurryOne":            worker,
		"Mail.Explain":             worker,
		"Mail.Hurry":               worker,
		"Mail.Renew":               worker,
		"Mail.Prepare":             worker,
		"Mail.Sent":                worker,
		"Mail.Failed":              worker,
		"Mail.Release":             worker,
		"Mail.Drop":                command,
		"Mail.List":                command,
		"Mail.Retry":               command,
		"Operators.Confirm":        command,
		"Operators.Create":         command,
		"Operators.Delete":         command,
		"Operators.Disable":        command,
		"Operators.Enable":         command,
		"Operators.SendReset":      command,
		"Operators.SetOperator":    command,
		"Operators.EndSessions":    command,
		"Operators.List":           command,
		"Operators.Unlock":         command,
		"Console.CountThrottles":   "a page shows the number alone; the API has it in the overview",
		"Throttle.Remember":        "the program calls it when it starts",
		"Agents.Touch":             wire,
		"Devices.EmbyExchange":     wire,
		"Devices.EmbyPoll":         wire,
		"Registrations.Update":     wire,
		"Invites.AcceptServer":     wire,
		"Invites.DeclineServer":    wire,
		"Invites.Offered":          wire,
		"EmbyServers.Ask":          wire,
		"EmbyServers.Cancel":       wire,
		"EmbyServers.FindAccount":  wire,
		"EmbyServers.Invite":       wire,
		"EmbyServers.Links":        wire,
		"Setups.Begin":             setup,
		"Setups.Code":              setup,
		"Setups.Enter":             setup,
		"Setups.Look":              setup,
		"Setups.MakeOperator":      setup,
		"Setups.Answer":            setup,
		"Setups.Change":            setup,
		"Setups.SendMail":          setup,
		"Setups.SeeMail":           setup,
		"Setups.NewClaimCode":      setup,
		"Setups.Finish":            setup,
		"OperatorSettings.All":     "a part of settingsNow in handlers/form_settings.go, which pages and API share",
	}
}

// TestEveryOperationHasARoute finds operations that the JSON API lacks.
// TestContractMatchesRoutes and the tests of client then hold openapi.yaml and
// the client to the routes.
func TestEveryOperationHasARoute(t *testing.T) {
	t.Parallel()
	api := sourceOf(t, "api_*.go") + sourceOf(t, "routes_api.go")
	reasons := withoutAPI()
	store := reflect.TypeFor[models.Store]()
	for area := range store.Fields() {
		if !area.IsExported() {
			continue
		}
		for method := range area.Type.Methods() {
			file, _ := runtime.FuncForPC(method.Func.Pointer()).FileLine(method.Func.Pointer())
			feature := strings.TrimSuffix(filepath.Base(file), ".go")
			operation := area.Name + "." + method.Name
			if feature == "<autogenerated>" {
				continue // a method of the core that all areas embed
			}
			_, excused := reasons[operation]
			called := regexp.MustCompile(`\.` + regexp.QuoteMeta(operation) + `\b`).MatchString(api)
			switch {
			case called && excused:
				t.Errorf("the API calls models.Store.%s: remove its row from withoutAPI in handlers/operations_test.go", operation)
			case !called && !excused:
				t.Errorf("no route of the API calls models.Store.%s: write handlers/api_%s.go, add the route to handlers/routes_api.go "+
					"and to handlers/openapi.yaml, and write client/%s.go; or say in withoutAPI, in handlers/operations_test.go, why it needs none",
					operation, feature, feature)
			}
			delete(reasons, operation)
		}
	}
	for operation := range reasons {
		t.Errorf("there is no operation models.Store.%s: remove its row from withoutAPI in handlers/operations_test.go", operation)
	}
}

// sourceOf returns the text of all files whose names match, without the tests.
func sourceOf(t *testing.T, names string) string {
	t.Helper()
	files, err := filepath.Glob(names)
	if err != nil || len(files) == 0 {
		t.Fatalf("files %s: %d found, %v", names, len(files), err)
	}
	var all strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
