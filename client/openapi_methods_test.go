package client_test

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/client"
)

// methods says which method carries out which operation of the contract.
func methods() map[string]string {
	return map[string]string{
		"signUp":              "Accounts.SignUp",
		"confirmSignUp":       "Accounts.Confirm",
		"resendConfirmation":  "Accounts.Resend",
		"correctSignUp":       "Accounts.Correct",
		"getAccount":          "Accounts.Get",
		"changeAccount":       "Accounts.Change",
		"deleteAccount":       "Accounts.DeleteWith",
		"getInviteMails":      "Accounts.InviteMails",
		"setPicture":          "Accounts.SetPicture",
		"removePicture":       "Accounts.RemovePicture",
		"setServerPicture":    "Servers.SetPicture",
		"removeServerPicture": "Servers.RemovePicture",
		"setInviteMails":      "Accounts.SetInviteMails",
		"exportAccount":       "Accounts.Export",
		"listHistory":         "Accounts.HistoryPage",

		"getProtection":          "Protections.Get",
		"setProtection":          "Protections.Set",
		"setPersonProtection":    "Protections.SetPerson",
		"removePersonProtection": "Protections.RemovePerson",
		"letUnlock":              "Protections.LetUnlock",
		"listUnlocks":            "Unlocks.List",
		"getTelevision":          "People.Television",
		"signTelevisionIn":       "People.SignTelevisionIn",
		"getTelevisionTry":       "People.TelevisionTry",
		"unlock":                 "Unlocks.Open",
		"closeUnlock":            "Unlocks.Close",
		"getHold":                "Holds.Get",
		"setHold":                "Holds.Set",
		"setCeiling":             "Families.SetCeiling",
		"removeCeiling":          "Families.RemoveCeiling",
		"tellLevels":             "Agent.TellLevels",
		"tellChecks":             "Agent.TellChecks",
		"getServerChecks":        "Servers.Checks",
		"askForChecks":           "Servers.AskForChecks",
		"listTries":              "Servers.Tries",
		"makeTry":                "Servers.TryFromOutside",
		"tellHand":               "Agent.TellHand",
		"getStay":                "People.Stay",
		"pausePerson":            "People.Pause",
		"resumePerson":           "People.Resume",
		"extendStay":             "People.Extend",
		"extendStayByMail":       "People.ExtendByMail",
		"answerHand":             "People.AnswerHand",
		"askUnlock":              "Agent.AskUnlock",

		"changeEmail":         "Emails.Change",
		"confirmEmail":        "Emails.Confirm",
		"undoEmail":           "Emails.Undo",
		"changePassword":      "Passwords.Change",
		"askPasswordReset":    "Passwords.AskReset",
		"redeemPasswordReset": "Passwords.Reset",
		"setPIN":              "PINs.Set",
		"removePIN":           "PINs.Remove",
		"verifyPIN":           "PINs.Verify",
		"askPINReset":         "PINs.AskReset",
		"redeemPINReset":      "PINs.Reset",
		"replacePIN":          "PINs.Replace",

		"signIn":           "Sessions.SignIn",
		"listSessions":     "Sessions.ListPage",
		"signOut":          "Sessions.SignOut",
		"switchPerson":     "Households.Switch",
		"getHousehold":     "Households.Get",
		"changeHousehold":  "Households.LeaveOut",
		"joinHousehold":    "Households.Join",
		"confirmPassword":  "Sessions.ConfirmPassword",
		"endSession":       "Sessions.End",
		"endOtherSessions": "Sessions.EndOthers",
		"endAllSessions":   "Sessions.EndAll",
		"notMe":            "Sessions.NotMe",

		"beginDevice":   "Devices.Begin",
		"deviceToken":   "Devices.Token",
		"lookDevice":    "Devices.Look",
		"approveDevice": "Devices.Approve",
		"denyDevice":    "Devices.Deny",

		"getFamily":             "Families.Get",
		"addMember":             "Families.AddMember",
		"getMember":             "Families.Member",
		"deleteMember":          "Families.DeleteMember",
		"endMemberSession":      "Families.EndSession",
		"endMemberSessions":     "Families.EndSessions",
		"setMemberPassword":     "Families.SetPassword",
		"setMemberPIN":          "Families.SetPIN",
		"letMemberGo":           "Families.LetGo",
		"getFamilyOfInvite":     "Invites.Family",
		"acceptInviteForFamily": "Invites.AcceptForFamily",
		"takeBackLetGo":         "Families.TakeBackLetGo",
		"setMemberPicture":      "Families.SetPicture",
		"removeMemberPicture":   "Families.RemovePicture",
		"acceptMemberLink":      "Families.AcceptLink",
		"removeMemberLink":      "Families.RemoveLink",
		"acceptMemberInvite":    "Families.AcceptInvite",
		"declineMemberInvite":   "Families.DeclineInvite",
		"askIntoFamily":         "Families.Ask",
		"listCircles":           "Circles.ListPage",
		"makeCircle":            "Circles.Make",
		"getCircle":             "Circles.Get",
		"renameCircle":          "Circles.Rename",
		"dissolveCircle":        "Circles.Dissolve",
		"listCirclePeople":      "Circles.PeoplePage",
		"inviteToCircle":        "Circles.Invite",
		"askIntoCircle":         "Circles.Ask",
		"takeBackCircleAsk":     "Circles.TakeBack",
		"declineCircle":         "Circles.Decline",
		"leaveCircle":           "Circles.Leave",
		"joinCircle":            "Circles.Join",
		"setCircleTerms":        "Circles.SetTerms",
		"takeOutOfCircle":       "Circles.TakeOut",
		"takeFromCircle":        "Circles.Take",
		"admitToCircle":         "Circles.Admit",
		"refuseInCircle":        "Circles.Refuse",
		"allowInCircle":         "Circles.Allow",
		"removeFromFamily":      "Families.Remove",
		"acceptFamily":          "Families.Accept",
		"declineFamily":         "Families.Decline",
		"leaveFamily":           "Families.Leave",

		"listLinks":   "Links.List",
		"acceptLink":  "Links.Accept",
		"declineLink": "Links.Decline",
		"removeLink":  "Links.Remove",

		"listServers":      "Servers.ListIfChanged",
		"registerServer":   "Servers.Register",
		"makeClaimCode":    "Servers.MakeClaimCode",
		"claimServer":      "Servers.Claim",
		"listOwnedServers": "Servers.Owned",
		"getServer":        "Servers.Get",
		"changeServer":     "Servers.Change",
		"removeServer":     "Servers.Remove",
		"replaceServerKey": "Servers.ReplaceKey",
		"handServerOver":   "Servers.HandOver",
		"addAddress":       "Servers.AddAddress",
		"changeAddress":    "Servers.ChangeAddress",
		"removeAddress":    "Servers.RemoveAddress",

		"listPeople":        "People.ListPage",
		"serverSummary":     "Servers.Summary",
		"listRoster":        "Roster.ListPage",
		"copyInviteProfile": "Invites.CopyProfile",
		"getRosterEntry":    "Roster.Get",
		"wayIn":             "Roster.WayIn",
		"tellLocalUsers":    "Agent.PutLocalUserStates",
		"changePerson":      "People.Change",
		"removePerson":      "People.Remove",
		"listLocalUsers":    "People.LocalUsers",

		"listImports":       "Invites.ImportPage",
		"draftImport":       "Invites.DraftImport",
		"getImport":         "Invites.Import",
		"discardImport":     "Invites.DiscardImport",
		"runImport":         "Invites.RunImport",
		"remindImport":      "Invites.RemindImport",
		"draftServerImport": "Agent.DraftImport",
		"runServerImport":   "Agent.RunImport",

		"startProof": "Proofs.Start",
		"getProof":   "Proofs.Get",

		"askQuickConnect":         "QuickConnects.Ask",
		"getQuickConnect":         "QuickConnects.Get",
		"listQuickConnectServers": "QuickConnects.Servers",
		"getLocalPasswordPlace":   "LocalPasswords.Place",
		"askLocalPassword":        "LocalPasswords.Ask",
		"getLocalPassword":        "LocalPasswords.Get",
		"listQuickDevices":        "QuickConnects.Devices",
		"endQuickDevice":          "QuickConnects.EndDevice",

		"createInvite":        "Invites.Create",
		"listInvites":         "Invites.SentPage",
		"withdrawInvite":      "Invites.Withdraw",
		"listReceivedInvites": "Invites.Received",
		"acceptInvite":        "Invites.Accept",
		"declineInvite":       "Invites.Decline",
		"getInviteLink":       "Invites.Link",
		"listInvitesOfServer": "Invites.OfServerPage",
		"listInviteProfiles":  "Invites.Profiles",
		"makeInviteProfile":   "Invites.MakeProfile",
		"changeInviteProfile": "Invites.ChangeProfile",
		"deleteInviteProfile": "Invites.DeleteProfile",
		"acceptInviteLink":    "Invites.AcceptLink",
		"signUpInvited":       "Invites.SignUp",

		"getThisServer":      "Agent.Get",
		"report":             "Agent.Report",
		"listChanges":        "Agent.Changes",
		"acknowledgeChanges": "Agent.Acknowledge",
		"listLinksOfServer":  "Agent.Links",
		"askForLink":         "Agent.AskForLink",
		"endLink":            "Agent.EndLink",
		"exchange":           "Agent.Exchange",
		"rotateServerKey":    "Agent.RotateKey",

		"listGoneLibraries": "Servers.GoneLibraries", "replaceLibrary": "Servers.ReplaceLibrary",
		"listServerKeys": "Servers.Keys", "replaceStolenServerKey": "Servers.ReplaceStolenKey", "endReplacedServerKeys": "Servers.EndReplacedKeys",
		"listProofs":    "Agent.Proofs",
		"proposeProof":  "Agent.ProposeProof",
		"completeProof": "Agent.CompleteProof",
		"failProof":     "Agent.FailProof",

		"createServerInvite":    "Agent.Invite",
		"listServerInvites":     "Agent.Invites",
		"withdrawServerInvite":  "Agent.WithdrawInvite",
		"redeemOpen":            "Agent.RedeemOpen",
		"listQuickConnects":     "Agent.QuickConnects",
		"listLocalPasswords":    "Agent.LocalPasswords",
		"completeLocalPassword": "Agent.CompleteLocalPassword",
		"failLocalPassword":     "Agent.FailLocalPassword",
		"putQuickDevice":        "Agent.PutQuickDevice",
		"completeQuickConnect":  "Agent.CompleteQuickConnect",
		"failQuickConnect":      "Agent.FailQuickConnect",

		"listAccounts":       "Operators.AccountsPage",
		"getOperatedAccount": "Operators.Account",
		"disableAccount":     "Operators.DisableAccount",
		"enableAccount":      "Operators.EnableAccount",
		"sendReset":          "Operators.SendReset",
		"listAllServers":     "Operators.ServersPage",
		"getOperatedServer":  "Operators.Server",
		"deleteServer":       "Operators.DeleteServer",
		"disableServer":      "Operators.DisableServer",
		"enableServer":       "Operators.EnableServer",

		"confirmAccount":        "Operators.ConfirmAccount",
		"unlockAccount":         "Operators.UnlockAccount",
		"endAccountSessions":    "Operators.EndAccountSessions",
		"makeOperator":          "Operators.MakeOperator",
		"endOperator":           "Operators.EndOperator",
		"deleteOperatedAccount": "Operators.DeleteAccount",
		"listAccountThrottles":  "Operators.AccountThrottles",
		"listMails":             "Operators.MailsPage",
		"getMail":               "Operators.Mail",
		"retryMail":             "Operators.RetryMail",
		"dropMail":              "Operators.DropMail",
		"listFamilies":          "Operators.FamiliesPage",
		"getOperatedFamily":     "Operators.Family",
		"listMessages":          "Operators.MessagesPage",
		"createMessage":         "Operators.CreateMessage",
		"getMessage":            "Operators.Message",
		"withdrawMessage":       "Operators.WithdrawMessage",
		"listSignUpInvites":     "Operators.InvitesPage",
		"createSignUpInvite":    "Operators.CreateInvite",
		"getSignUpInvite":       "Operators.Invite",
		"getSignUpInviteLink":   "Operators.InviteLink",
		"withdrawSignUpInvite":  "Operators.WithdrawInvite",
		"listOperatorActs":      "Operators.ActsPage",
		"getOverview":           "Operators.Overview",
		"getHealth":             "Operators.Health",
		"listSettings":          "Operators.Settings",
		"setSetting":            "Operators.SetSetting",
		"removeSetting":         "Operators.RemoveSetting",
		"listThrottles":         "Operators.Throttles",
		"liftThrottles":         "Operators.LiftThrottles",

		"listWebhooks":                 "Webhooks.List",
		"makeWebhook":                  "Webhooks.Make",
		"getWebhook":                   "Webhooks.Get",
		"changeWebhook":                "Webhooks.Change",
		"deleteWebhook":                "Webhooks.Delete",
		"aimWebhook":                   "Webhooks.Aim",
		"replaceWebhookSecret":         "Webhooks.ReplaceSecret",
		"switchWebhookOn":              "Webhooks.On",
		"switchWebhookOff":             "Webhooks.Off",
		"testWebhook":                  "Webhooks.Test",
		"listDeliveries":               "Webhooks.Deliveries",
		"replayDelivery":               "Webhooks.Replay",
		"listOperatorWebhooks":         "OperatorWebhooks.List",
		"makeOperatorWebhook":          "OperatorWebhooks.Make",
		"getOperatorWebhook":           "OperatorWebhooks.Get",
		"changeOperatorWebhook":        "OperatorWebhooks.Change",
		"deleteOperatorWebhook":        "OperatorWebhooks.Delete",
		"aimOperatorWebhook":           "OperatorWebhooks.Aim",
		"replaceOperatorWebhookSecret": "OperatorWebhooks.ReplaceSecret",
		"switchOperatorWebhookOn":      "OperatorWebhooks.On",
		"switchOperatorWebhookOff":     "OperatorWebhooks.Off",
		"testOperatorWebhook":          "OperatorWebhooks.Test",
		"listOperatorDeliveries":       "OperatorWebhooks.Deliveries",
		"replayOperatorDelivery":       "OperatorWebhooks.Replay",
	}
}

// conveniences returns the methods that call others.
func conveniences() []string {
	return []string{
		"Accounts.History", "Accounts.Delete", "Circles.List", "Circles.People", "Roster.List", "Invites.Sent", "Invites.OfServer", "Operators.Accounts", "Operators.Servers", "Operators.Mails", "Operators.Invites", "Operators.Messages", "Operators.Families", "Operators.Acts", "People.List", "Servers.List",
		"Sessions.List",
		"Servers.Exchange", "Servers.Reach", // these ask media servers
	}
}

// Every operation has a method, and every method has an operation.
func TestMethodsAndOperations(t *testing.T) {
	t.Parallel()
	rows := methods()
	for id := range readContract(t).operations() {
		if rows[id] == "" {
			t.Errorf("no method for the operation %s: write it in client/, in the file of its feature, and add a row to methods, in client/openapi_methods_test.go", id)
		}
	}
	var have []string
	for field, group := range reflect.ValueOf(client.Client{}).Fields() {
		if !field.IsExported() {
			continue
		}
		for method := range group.Type().Methods() {
			have = append(have, field.Name+"."+method.Name)
		}
	}
	want := append(slices.Collect(maps.Values(rows)), conveniences()...)
	slices.Sort(want)
	slices.Sort(have)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("the methods of the client differ from the table in client/openapi_methods_test.go (-table +client):\n%s", diff)
	}
}

// checkNamed checks the operations that a document names, and the operations that its curl commands
// use.
func (c contract) checkNamed(t *testing.T, text string) {
	t.Helper()
	for _, found := range regexp.MustCompile(`\b(GET|POST|PUT|PATCH|DELETE) (/api/v1/[\w/{}-]+)`).FindAllStringSubmatch(text, -1) {
		if _, ok := c.Paths[found[2]][strings.ToLower(found[1])]; !ok {
			t.Errorf("the documents name the operation %s %s, want one of the contract", found[1], found[2])
		}
	}
	id := regexp.MustCompile(`/\d+…?(/|$)`) // a number in an example is the value of a parameter
	for _, found := range regexp.MustCompile(`curl .*?\$service(/api/v1/[\w/…-]+)`).FindAllStringSubmatch(text, -1) {
		if called := id.ReplaceAllString(found[1], "/{id}$1"); c.Paths[called] == nil {
			t.Errorf("the documents name the address %s, want one of the contract", called)
		}
	}
}

// checkMethods checks the methods that the Go code in a document calls.
func checkMethods(t *testing.T, text string, named []string) {
	t.Helper()
	groups := "Accounts|PINs|Sessions|Devices|Servers|Links|People|Proofs|QuickConnects|LocalPasswords|Invites|Agent|Operators"
	for _, found := range regexp.MustCompile(`\.((?:`+groups+`)\.\w+)\(`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(named, found[1]) {
			t.Errorf("the documents name %s, want one that exists", found[1])
		}
	}
}

// The documentation names only operations and methods that exist.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	c := readContract(t)
	named := append(slices.Collect(maps.Values(methods())), conveniences()...)
	for _, row := range []struct {
		file  string
		holds string // a text that the document must contain: it fails the test if the document is empty or about something else
	}{
		{"api.md", "/api/v1/"},
		{"clients.md", "/api/v1/"},
		{"agent.md", "latchkey agent"},
	} {
		t.Run(row.file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile("../docs/" + row.file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), row.holds) {
				t.Errorf("the text does not contain %q", row.holds)
			}
			c.checkNamed(t, string(text))
			checkMethods(t, string(text), named)
		})
	}
}
