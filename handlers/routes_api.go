package handlers

import "github.com/gin-gonic/gin"

// apiRoutes registers the whole JSON API. openapi.yaml describes each route, and
// client/ has a method for it.
func (s *site) apiRoutes(r *gin.Engine) {
	const v1 = apiPrefix + "/v1"
	s.get(r, apiPrefix+"/openapi.yaml", nil, openAPIFile())
	s.apiSignUpRoutes(r, v1)
	s.apiAccountRoutes(r, v1)
	s.apiSessionRoutes(r, v1)
	s.apiServerRoutes(r, v1)
	s.apiLinkRoutes(r, v1)
	s.apiFamilyRoutes(r, v1)
	s.apiCircleRoutes(r, v1)
	s.apiWebhookRoutes(r, v1)
	s.apiUnlockRoutes(r, v1)
	s.apiAgentRoutes(r, v1)
	s.apiOperatorRoutes(r, v1)
}

// apiSignUpRoutes registers the operations for people who are not signed in.
func (s *site) apiSignUpRoutes(r *gin.Engine, v1 string) {
	r.POST(v1+"/accounts", s.problem(s.apiSignUp))
	r.POST(v1+"/accounts/confirm", s.problem(s.apiConfirm))
	r.POST(v1+"/accounts/resend", s.problem(s.apiResend))
	r.POST(v1+"/accounts/correct", s.problem(s.apiCorrect))
	r.POST(v1+"/account/email/confirm", s.problem(s.apiConfirmEmail))
	r.POST(v1+"/account/email/undo", s.problem(s.apiUndoEmail))
	r.POST(v1+"/account/pin/resets/redeem", s.problem(s.apiResetPIN))
	r.POST(v1+"/password-resets", s.problem(s.apiRequestReset))
	r.POST(v1+"/password-resets/redeem", s.problem(s.apiResetPassword))
	r.POST(v1+"/sessions/not-me", s.problem(s.apiNotMe))
}

// apiAccountRoutes registers the operations of people on their own account.
func (s *site) apiAccountRoutes(r *gin.Engine, v1 string) {
	account := v1 + "/account"
	s.get(r, account, nil, s.problem(s.apiAccount))
	r.PATCH(account, s.withSession(s.apiChangeProfile))
	r.DELETE(account, s.withSession(s.apiDeleteAccount))
	s.get(r, account+"/invite-mails", nil, s.withSession(s.apiInviteMails))
	r.PUT(account+"/invite-mails", s.withSession(s.apiSetInviteMails))
	r.PUT(account+"/picture", s.withSession(s.apiSetPicture))
	r.DELETE(account+"/picture", s.withoutBody(s.apiRemovePicture))
	s.get(r, account+"/export", nil, s.withSession(s.apiExport))
	s.get(r, account+"/history", nil, s.withSession(s.apiHistory))
	r.POST(account+"/email", s.withSession(s.apiChangeEmail))
	r.POST(account+"/password", s.withSession(s.apiChangePassword))
	r.PUT(account+"/pin", s.withSession(s.apiSetPIN))
	r.DELETE(account+"/pin", s.withSession(s.apiRemovePIN))
	r.POST(account+"/pin/verify", s.withSession(s.apiVerifyPIN))
	r.POST(account+"/pin/replace", s.withSession(s.apiReplacePIN))
	r.POST(account+"/pin/resets", s.withoutBody(s.apiPINMail))
}

// apiFamilyRoutes registers the operations on a family and on the members of it.
func (s *site) apiFamilyRoutes(r *gin.Engine, v1 string) {
	family := v1 + familyPath
	s.get(r, family, nil, s.withSession(s.apiFamily))
	r.POST(family+"/people", s.withSession(s.apiAskIntoFamily))
	r.DELETE(family+"/people/:id", s.withoutBody(s.apiRemoveFromFamily))
	r.POST(family+"/invitations/:id/accept", s.withoutBody(s.apiAcceptFamily))
	r.POST(family+"/invitations/:id/decline", s.withoutBody(s.apiDeclineFamily))
	r.POST(family+"/leave", s.withoutBody(s.apiLeaveFamily))

	member := family + "/members/:id"
	r.POST(family+"/members", s.withSession(s.apiAddMember))
	s.get(r, member, nil, s.withSession(s.apiMember))
	r.DELETE(member, s.withProof(s.apiDeleteMember))
	r.DELETE(member+"/sessions/:session_id", s.withoutBody(s.apiEndMemberSession))
	r.POST(member+"/sessions/end-all", s.withoutBody(s.apiEndMemberSessions))
	r.PUT(member+"/password", s.withProof(s.apiSetMemberPassword))
	r.PUT(member+"/pin", s.withProof(s.apiSetMemberPIN))
	r.PUT(member+"/ceiling", s.withSession(s.apiSetCeiling))
	r.DELETE(member+"/ceiling", s.withoutBody(s.apiRemoveCeiling))
	r.POST(member+"/let-go", s.withProof(s.apiLetMemberGo))
	r.DELETE(member+"/let-go", s.withoutBody(s.apiTakeBackLetGo))
	r.PUT(member+"/picture", s.withSession(s.apiSetMemberPicture))
	r.DELETE(member+"/picture", s.withoutBody(s.apiRemoveMemberPicture))
	r.POST(member+"/links/:link_id/accept", s.withoutBody(s.apiAcceptMemberLink))
	r.DELETE(member+"/links/:link_id", s.withoutBody(s.apiRemoveMemberLink))
	r.POST(member+"/invites/:invite_id/accept", s.withoutBody(s.apiAcceptMemberInvite))
	r.POST(member+"/invites/:invite_id/decline", s.withoutBody(s.apiDeclineMemberInvite))
}

// apiSessionRoutes registers the ways to sign in, by a password and by a code, and the
// operations of people on their sessions.
func (s *site) apiSessionRoutes(r *gin.Engine, v1 string) {
	sessions, codes, quick := v1+"/sessions", v1+"/device-codes", v1+"/quick-connects"
	r.POST(sessions, s.problem(s.apiSignIn))
	s.get(r, sessions, nil, s.withSession(s.apiSessions))
	r.DELETE(sessions+"/current", s.withoutBody(s.apiSignOut))
	r.POST(sessions+"/current/switch", s.withSession(s.apiSwitch))
	s.get(r, v1+"/household", nil, s.withoutBody(s.apiHousehold))
	r.PATCH(v1+"/household", s.withSession(s.apiChangeHousehold))
	r.POST(v1+"/household/join", s.withSession(s.apiJoinHousehold))
	r.POST(sessions+"/current/confirm", s.withSession(s.apiConfirmPassword))
	r.DELETE(sessions+"/:id", s.withoutBody(s.apiEndSession))
	r.POST(sessions+"/end-others", s.withoutBody(s.apiEndOtherSessions))
	r.POST(sessions+"/end-all", s.withoutBody(s.apiEndAllSessions))

	r.POST(codes, s.byForm(s.apiBeginDeviceForm, s.apiBeginDevice))
	r.POST(codes+"/token", s.byForm(s.apiDeviceTokenForm, s.apiDeviceToken))
	s.get(r, codes+"/:user_code", nil, s.withSession(s.apiLookDevice))
	r.POST(codes+"/:user_code/approve", s.withoutBody(s.apiApproveDevice))
	r.POST(codes+"/:user_code/deny", s.withoutBody(s.apiDenyDevice))

	r.POST(quick, s.withProof(s.apiAskQuickConnect))
	s.get(r, quick+"/servers", nil, s.withSession(s.apiQuickConnectServers))
	s.get(r, quick+"/devices", nil, s.withSession(s.apiQuickDevices))
	r.DELETE(quick+"/devices/:id", s.withoutBody(s.apiEndQuickDevice))
	s.get(r, quick+"/:id", nil, s.withSession(s.apiQuickConnect))
	r.POST(v1+"/local-passwords", s.withProof(s.apiAskLocalPassword))
	s.get(r, v1+"/local-passwords/:id", nil, s.withSession(s.apiLocalPassword))
	s.get(r, v1+"/servers/:id/local-password", nil, s.withSession(s.apiLocalPasswordPlace))
}

// apiServerRoutes registers the servers that people may use, and the operations of owners
// on the servers that they run.
func (s *site) apiServerRoutes(r *gin.Engine, v1 string) {
	servers := v1 + "/servers"
	s.get(r, servers, nil, s.problem(s.apiServers))
	r.POST(servers, s.problem(s.apiRegisterServer))
	r.POST(servers+"/claim-codes", s.withoutBody(s.apiClaimCode))
	r.POST(servers+"/claim", s.withProof(s.apiClaimServer))
	s.get(r, servers+"/owned", nil, s.withSession(s.apiOwnedServers))
	s.get(r, servers+"/:id", nil, s.withSession(s.apiOwnedServer))
	r.PATCH(servers+"/:id", s.withSession(s.apiChangeServer))
	r.DELETE(servers+"/:id", s.withProof(s.apiRemoveServer))
	r.POST(servers+"/:id/key", s.withProof(s.apiReplaceServerKey))
	r.POST(servers+"/:id/key/stolen", s.withProof(s.apiReplaceStolenKey))
	s.get(r, servers+"/:id/keys", nil, s.withSession(s.apiServerKeys))
	r.PUT(servers+"/:id/picture", s.withSession(s.apiSetServerPicture))
	r.DELETE(servers+"/:id/picture", s.withoutBody(s.apiRemoveServerPicture))
	r.DELETE(servers+"/:id/keys", s.withProof(s.apiEndReplacedKeys))
	r.POST(servers+"/:id/hand-over", s.withProof(s.apiHandServerOver))
	r.POST(servers+"/:id/addresses", s.withSession(s.apiAddAddress))
	r.PATCH(servers+"/:id/addresses/:address_id", s.withSession(s.apiChangeAddress))
	r.DELETE(servers+"/:id/addresses/:address_id", s.withoutBody(s.apiRemoveAddress))
	s.get(r, servers+"/:id/invites", nil, s.withSession(s.apiInvitesOfServer))
	s.get(r, servers+"/:id/invite-profiles", nil, s.withSession(s.apiInviteProfiles))
	r.POST(servers+"/:id/invite-profiles", s.withSession(s.apiMakeInviteProfile))
	r.PUT(servers+"/:id/invite-profiles/:profile_id", s.withSession(s.apiChangeInviteProfile))
	r.DELETE(servers+"/:id/invite-profiles/:profile_id", s.withoutBody(s.apiDeleteInviteProfile))
	r.POST(servers+"/:id/invite-profiles/:profile_id/copy", s.withSession(s.apiCopyInviteProfile))
	s.get(r, servers+"/:id/summary", nil, s.withSession(s.apiServerSummary))
	s.get(r, servers+"/:id/roster", nil, s.withSession(s.apiRoster))
	s.get(r, servers+"/:id/roster/:entry_id", nil, s.withSession(s.apiRosterEntry))
	s.get(r, servers+"/:id/roster/:entry_id/way-in", nil, s.withSession(s.apiWayIn))
	s.get(r, servers+"/:id/people", nil, s.withSession(s.apiPeople))
	r.PATCH(servers+"/:id/people/:link_id", s.withSession(s.apiChangePerson))
	r.DELETE(servers+"/:id/people/:link_id", s.withoutBody(s.apiRemovePerson))
	s.apiStayRoutes(r, v1, servers)
	s.apiProtectionRoutes(r, servers)
	s.get(r, servers+"/:id/people/:link_id/television", nil, s.withSession(s.apiTelevision))
	r.POST(servers+"/:id/people/:link_id/television", s.withProof(s.apiSignTelevisionIn))
	s.get(r, servers+"/:id/televisions/:television_id", nil, s.withSession(s.apiTelevisionTry))
	s.get(r, servers+"/:id/checks", nil, s.withSession(s.apiServerChecks))
	r.POST(servers+"/:id/checks", s.withoutBody(s.apiAskForChecks))
	s.get(r, servers+"/:id/tries", nil, s.withSession(s.apiServerTries))
	r.POST(servers+"/:id/tries", s.withoutBody(s.apiMakeTry))
	s.get(r, servers+"/:id/libraries/gone", nil, s.withSession(s.apiGoneLibraries))
	r.POST(servers+"/:id/libraries/replace", s.withSession(s.apiReplaceLibrary))
	s.get(r, servers+"/:id/local-users", nil, s.withSession(s.apiLocalUsers))
	s.apiImportRoutes(r, servers)
	r.POST(servers+"/:id/join", s.withoutBody(s.apiStartProof))
	s.get(r, servers+"/:id/join", nil, s.withSession(s.apiProof))
}

// apiStayRoutes registers the operations of owners on the stay of a person at a server: pauses, a
// later end, and changes by hand.
func (s *site) apiStayRoutes(r *gin.Engine, v1, servers string) {
	person := servers + "/:id/people/:link_id"
	s.get(r, person+"/stay", nil, s.withSession(s.apiStay))
	r.PUT(person+"/pause", s.withSession(s.apiPause))
	r.DELETE(person+"/pause", s.withoutBody(s.apiResume))
	r.POST(person+"/extend", s.withoutBody(s.apiExtend))
	r.POST(person+"/hand", s.withSession(s.apiAnswerHand))
	r.POST(v1+"/stays/extend", s.problem(s.apiExtendByMail))
}

// apiProtectionRoutes registers the operations of owners on what people may do with and without their PIN.
func (s *site) apiProtectionRoutes(r *gin.Engine, servers string) {
	s.get(r, servers+"/:id/protection", nil, s.withSession(s.apiProtection))
	r.PUT(servers+"/:id/protection", s.withSession(s.apiSetProtection))
	r.PUT(servers+"/:id/people/:link_id/protection", s.withSession(s.apiSetLinkProtection))
	r.DELETE(servers+"/:id/people/:link_id/protection", s.withoutBody(s.apiRemoveLinkProtection))
	r.POST(servers+"/:id/people/:link_id/let-unlock", s.withoutBody(s.apiLetUnlock))
}

// apiImportRoutes registers the operations of owners on lists of people.
func (s *site) apiImportRoutes(r *gin.Engine, servers string) {
	imports := servers + "/:id/imports"
	s.get(r, imports, nil, s.withSession(s.apiImports))
	r.POST(imports, s.withSession(s.apiDraftImport))
	s.get(r, imports+"/:import_id", nil, s.withSession(s.apiImport))
	r.DELETE(imports+"/:import_id", s.withoutBody(s.apiDiscardImport))
	r.POST(imports+"/:import_id/run", s.withoutBody(s.apiRunImport))
	r.POST(imports+"/:import_id/remind", s.withSession(s.apiRemindImport))
}

// apiUnlockRoutes registers the operations of people on what their PIN protects.
func (s *site) apiUnlockRoutes(r *gin.Engine, v1 string) {
	unlocks, hold := v1+"/unlocks", v1+"/holds/:id"
	s.get(r, unlocks, nil, s.withSession(s.apiUnlocks))
	r.POST(unlocks, s.withSession(s.apiUnlock))
	r.DELETE(unlocks+"/:id", s.withoutBody(s.apiCloseUnlock))
	s.get(r, hold, nil, s.withSession(s.apiHold))
	r.PUT(hold, s.withSession(s.apiSetHold))
}

// apiLinkRoutes registers links and invites, for the people who answer them and
// for the owners who invite.
func (s *site) apiLinkRoutes(r *gin.Engine, v1 string) {
	links, invites := v1+"/links", v1+"/invites"
	s.get(r, links, nil, s.withSession(s.apiLinks))
	r.POST(links+"/:id/accept", s.withoutBody(s.apiAcceptLink))
	r.POST(links+"/:id/decline", s.withoutBody(s.apiDeclineLink))
	r.DELETE(links+"/:id", s.withoutBody(s.apiRemoveLink))

	r.POST(invites, s.withSession(s.apiCreateInvite))
	s.get(r, invites, nil, s.withSession(s.apiInvites))
	r.DELETE(invites+"/:id", s.withoutBody(s.apiWithdrawInvite))
	s.get(r, invites+"/received", nil, s.withSession(s.apiReceivedInvites))
	r.POST(invites+"/accept", s.withSession(s.apiAcceptInviteLink))
	r.POST(invites+"/sign-up", s.problem(s.apiInviteSignUp))
	s.get(r, invites+"/:id/link", nil, s.withSession(s.apiInviteLink))
	r.POST(invites+"/:id/accept", s.withoutBody(s.apiAcceptInvite))
	r.POST(invites+"/:id/decline", s.withoutBody(s.apiDeclineInvite))
	s.get(r, invites+"/:id/family", nil, s.withSession(s.apiFamilyOfInvite))
	r.POST(invites+"/:id/family/accept", s.withSession(s.apiAcceptInviteForFamily))
}

// apiAgentRoutes registers the operations of media servers, which send their server key.
func (s *site) apiAgentRoutes(r *gin.Engine, v1 string) {
	server := v1 + "/server"
	s.get(r, server, nil, s.withServer(s.apiThisServer))
	r.PUT(server+"/report", s.withServer(s.apiReport))
	r.PUT(server+"/checks", s.withServer(s.apiTellChecks))
	r.PUT(server+"/local-users", s.withServer(s.apiTellLocalUsers))
	r.POST(server+"/key", s.withServerAlone(s.apiRotateOwnKey))
	s.get(r, server+"/changes", nil, s.withServer(s.apiChanges))
	r.POST(server+"/changes/acknowledge", s.withServer(s.apiAcknowledge))
	s.get(r, server+"/links", nil, s.withServer(s.apiAgentLinks))
	r.POST(server+"/links", s.withServer(s.apiAskForLink))
	r.DELETE(server+"/links/:id", s.withServerAlone(s.apiEndLink))
	r.POST(server+"/invites", s.withServer(s.apiServerInvite))
	s.get(r, server+"/invites", nil, s.withServer(s.apiServerInvites))
	r.DELETE(server+"/invites/:id", s.withServerAlone(s.apiWithdrawServerInvite))
	r.POST(server+"/imports", s.withServer(s.apiServerDraftImport))
	r.POST(server+"/imports/:id/run", s.withServerAlone(s.apiServerRunImport))
	r.PUT(server+"/levels", s.withServer(s.apiTellLevels))
	r.PUT(server+"/hand", s.withServer(s.apiTellHand))
	r.POST(server+"/unlocks/asked", s.withServer(s.apiAskedUnlock))
	r.POST(server+"/exchanges", s.withServer(s.apiExchange))
	s.get(r, server+"/proofs", nil, s.withServer(s.apiOpenProofs))
	r.POST(server+"/proofs/:id/propose", s.withServer(s.apiProposeProof))
	r.POST(server+"/proofs/:id/complete", s.withServer(s.apiCompleteProof))
	r.POST(server+"/proofs/:id/fail", s.withServer(s.apiFailProof))
	r.POST(server+"/opens/redeem", s.withServer(s.apiRedeemOpen))
	s.get(r, server+"/quick-connects", nil, s.withServer(s.apiOpenQuickConnects))
	r.PUT(server+"/quick-connects/:id/device", s.withServer(s.apiQuickDeviceArrived))
	r.POST(server+"/quick-connects/:id/complete", s.withServerAlone(s.apiCompleteQuickConnect))
	r.POST(server+"/quick-connects/:id/fail", s.withServer(s.apiFailQuickConnect))
	s.get(r, server+"/local-passwords", nil, s.withServer(s.apiOpenLocalPasswords))
	r.POST(server+"/local-passwords/:id/complete", s.withServerAlone(s.apiCompleteLocalPassword))
	r.POST(server+"/local-passwords/:id/fail", s.withServer(s.apiFailLocalPassword))
}

// apiOperatorRoutes registers the operations of the operators of the service.
func (s *site) apiOperatorRoutes(r *gin.Engine, v1 string) {
	operator := v1 + "/operator"
	s.get(r, operator+"/overview", nil, s.withOperator(s.apiOverview))
	s.get(r, operator+"/acts", nil, s.withOperator(s.apiOperatorActs))
	s.get(r, operator+"/settings", nil, s.withOperator(s.apiOperatorSettings))
	s.get(r, operator+"/health", nil, s.withOperator(s.apiOperatorHealth))
	r.PUT(operator+"/settings/:name", s.withOperatorSession(s.apiSetSetting))
	r.DELETE(operator+"/settings/:name", s.withOperatorSession(s.apiRemoveSetting))
	s.get(r, operator+"/throttles", nil, s.withOperator(s.apiThrottles))
	r.POST(operator+"/throttles/lift", s.withOperatorSession(s.apiLiftThrottles))
	s.apiOperatorAccountRoutes(r, operator+"/accounts")
	s.apiOperatorServerRoutes(r, operator+"/servers")
	s.apiOperatorMailRoutes(r, operator+"/mails")
	s.apiOperatorFamilyRoutes(r, operator+"/families")
	s.apiOperatorInviteRoutes(r, operator+"/invites")
	s.apiOperatorMessageRoutes(r, operator+"/messages")
}
