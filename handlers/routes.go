package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/health"
	"github.com/latchkey-media/latchkey/models"
)

// routes registers everything that can be asked for: the pages here, the API in
// routes_api.go, and everything below /service in front_side.go. Each route has
// a row in routes_test.go or routes_api_test.go that says who may use it.
func (s *site) routes(r *gin.Engine) {
	s.setupRoutes(r)
	if s.OnlySetUp {
		s.onlySetUpRoutes(r)
		return
	}
	s.publicRoutes(r)
	s.mailedRoutes(r)
	s.accountRoutes(r)
	s.serverRoutes(r)
	s.linkRoutes(r)
	s.familyRoutes(r)
	s.circleRoutes(r)
	s.deviceRoutes(r)
	s.householdRoutes(r)
	s.unlockRoutes(r)
	s.televisionRoutes(r)
	s.stayRoutes(r)
	s.operatorRoutes(r)
	s.webhookRoutes(r)
	s.machineRoutes(r)
	s.apiRoutes(r)
	if s.Dev {
		s.get(r, "/dev/mail", s.devMail)
	}
}

// setupRoutes registers the pages of the first run, which do not exist after it.
func (s *site) setupRoutes(r *gin.Engine) {
	s.get(r, setupPath, s.setup)
	s.post(r, setupPath, s.enterSetup)
	s.get(r, setupPath+"/arrived", s.setupArrivedForm)
	s.post(r, setupPath+"/arrived", s.setupArrived)
	s.get(r, setupPath+"/mail/state", s.setupMailState)
	s.post(r, setupPath+"/finish", s.finishSetup)
	s.get(r, setupPath+"/:step", s.setupStep)
	s.post(r, setupPath+"/:step", s.doSetupStep)
}

// onlySetUpRoutes registers what a service that lacks settings serves besides.
func (s *site) onlySetUpRoutes(r *gin.Engine) {
	s.get(r, "/", nil, func(c *gin.Context) { c.Redirect(http.StatusFound, setupPath) })
	s.post(r, "/language", s.language)
	s.get(r, "/livez", nil, s.live)
	s.get(r, "/readyz", nil, s.readyNow)
	s.get(r, "/robots.txt", nil, s.robots)
	s.get(r, "/favicon.ico", s.favicon)
	s.get(r, "/static/*file", s.static)
}

// publicRoutes registers the pages for people who are not signed in.
func (s *site) publicRoutes(r *gin.Engine) {
	s.get(r, "/", s.landing)
	s.get(r, "/help", s.help)
	s.get(r, "/help/pin", s.pinHelp)
	s.get(r, "/help/:topic", s.helpTopic)
	s.post(r, "/language", s.language)
	s.post(r, "/messages/close", s.closeBanner)

	s.get(r, "/signup", s.signUpForm)
	s.post(r, "/signup", s.signUp)
	s.get(r, "/signup/sent", s.signUpSent)
	s.post(r, "/signup/resend", s.signUpResend)
	s.post(r, "/signup/correct", s.signUpCorrect)

	s.get(r, "/signin", s.signInForm)
	s.post(r, "/signin", s.signIn)
	s.post(r, "/signout", s.signOut)
	s.post(r, "/signout/everywhere", s.signOutEverywhere)

	s.get(r, "/forgot", s.resetRequestForm)
	s.post(r, "/forgot", s.requestReset)
	s.get(r, "/forgot/sent", s.resetSent)

	s.apiDocs(r)
}

// mailedRoutes registers the pages that the links in mails lead to. None of
// them needs a session: the token in the link is the proof.
func (s *site) mailedRoutes(r *gin.Engine) {
	s.get(r, "/confirm", s.confirmForm)
	s.post(r, "/confirm", s.confirm)
	s.get(r, "/reset", s.resetForm)
	s.post(r, "/reset", s.reset)
	s.get(r, "/account/email/confirm", s.emailChangeConfirmForm)
	s.post(r, "/account/email/confirm", s.confirmEmailChange)
	s.get(r, "/account/email/undo", s.emailChangeUndoForm)
	s.post(r, "/account/email/undo", s.undoEmailChange)
	s.get(r, "/account/pin/reset", s.pinResetForm)
	s.post(r, "/account/pin/reset", s.pinReset)
	s.get(r, "/account/sessions/not-me", s.notMeForm)
	s.post(r, "/account/sessions/not-me", s.notMe)

	s.get(r, "/stay", s.stayMoreForm)
	s.post(r, "/stay", s.stayMore)
	s.get(r, "/mail/stop", s.mailStopForm)
	r.POST("/mail/stop", s.page(s.stopMails))
	r.POST("/mail/stop/end", s.page(s.allowMails))

	s.get(r, "/invite", s.invite)
	s.get(r, "/invite/signup", nil, func(c *gin.Context) { c.Redirect(http.StatusFound, "/invite") })
	s.post(r, "/invite/signup", s.inviteSignUp)
	s.post(r, "/invite/accept", s.acceptInviteLink)
	s.get(r, inviteLinkPath, s.inviteOpenForm)
	s.post(r, inviteLinkPath, s.openInvite)
}

// accountRoutes registers the pages on which people look after their account.
func (s *site) accountRoutes(r *gin.Engine) {
	s.get(r, "/account", s.accountForm)
	s.post(r, "/account", s.changeProfile)
	s.post(r, "/account/invite-mails", s.setInviteMails)
	s.get(r, ownPicturePath, s.pictureForm)
	r.POST(ownPicturePath, s.page(s.setPicture))
	s.post(r, ownPicturePath+"/remove", s.removePicture)
	s.get(r, "/account/email", s.emailChangeForm)
	s.post(r, "/account/email", s.requestEmailChange)
	s.post(r, "/account/email/again", s.confirmAgain)
	s.get(r, "/account/password", s.passwordForm)
	s.post(r, "/account/password", s.changePassword)
	s.get(r, "/account/confirm-password", s.passwordConfirmForm)
	s.post(r, "/account/confirm-password", s.confirmPassword)
	s.get(r, "/account/sessions", s.sessions)
	s.post(r, "/account/sessions/end", s.endSession)
	s.post(r, "/account/sessions/end-device", s.endQuickDevice)
	s.post(r, "/account/sessions/end-others", s.endOtherSessions)
	s.get(r, "/account/pin", s.pinForm)
	s.post(r, "/account/pin", s.pin)
	s.post(r, "/account/pin/mail", s.requestPINReset)
	s.get(r, "/account/pin/forgot", s.pinResetRequestForm)
	s.post(r, "/account/pin/forgot", s.resetPINByPassword)
	s.get(r, "/account/history", s.history)
	s.get(r, "/account/export", s.export)
	s.get(r, "/account/delete", s.accountDeleteForm)
	s.post(r, "/account/delete", s.deleteAccount)
}

// serverRoutes registers the pages about media servers: for the people who use
// them and for the owners who run them.
func (s *site) serverRoutes(r *gin.Engine) {
	s.get(r, "/servers", s.servers)
	s.post(r, "/servers/leave", s.leaveServer)
	s.get(r, "/servers/new", s.serverRegisterForm)
	s.post(r, "/servers/new", s.makeClaimCode)
	s.post(r, "/servers/claim", s.claimServer)
	s.get(r, "/servers/:id/open", s.openServer)
	s.get(r, "/servers/:id/start", s.serverStart)
	s.post(r, "/servers/:id/start", s.startDigits)
	s.get(r, "/servers/:id/password", s.localPassword)
	s.post(r, "/servers/:id/password", s.giveLocalPassword)
	s.get(r, "/servers/:id/password/state", s.localPasswordState)
	s.post(r, "/servers/:id/open", s.startOpen)
	s.get(r, "/servers/:id/authorize", s.authorizeOpen)
	s.post(r, "/servers/:id/authorize", s.allowOpen)
	s.get(r, "/servers/:id/join", s.proofForm)
	s.post(r, "/servers/:id/join", s.startProof)
	s.get(r, "/servers/:id/join/state", s.proofState)

	s.get(r, "/servers/:id", s.serverOwner)
	s.get(r, "/servers/:id/settings", s.serverSettings)
	s.get(r, "/servers/:id/people", s.roster)
	s.get(r, "/servers/:id/people/:link_id", s.rosterEntry)
	s.get(r, "/servers/:id/people/:link_id/way-in", s.wayIn)
	s.post(r, "/servers/:id/rename", s.renameServer)
	s.get(r, serverPicturePath, s.serverPictureForm)
	r.POST(serverPicturePath, s.page(s.setServerPicture))
	s.post(r, serverPicturePath+"/remove", s.removeServerPicture)
	s.post(r, "/servers/:id/start-note", s.setStartNote)
	s.post(r, "/servers/:id/linked-passwords", s.setLinkedPasswords)
	s.post(r, "/servers/:id/addresses", s.addAddress)
	s.post(r, "/servers/:id/addresses/move", s.moveAddress)
	s.post(r, "/servers/:id/addresses/hide", s.hideAddress)
	s.post(r, "/servers/:id/addresses/remove", s.removeAddress)
	s.post(r, "/servers/:id/people/terms", s.setTerms)
	s.post(r, "/servers/:id/people/remove", s.removePerson)
	s.post(r, "/servers/:id/libraries/replace", s.replaceLibrary)
	s.post(r, "/servers/:id/self-service", s.setSelfService)
	s.post(r, "/servers/:id/key", s.rotateServerKey)
	s.post(r, "/servers/:id/key/stolen", s.rotateStolenKey)
	s.post(r, "/servers/:id/key/end", s.endReplacedKeys)
	s.post(r, "/servers/:id/hand-over", s.handServerOver)
	s.post(r, "/servers/:id/remove", s.removeServer)
	s.get(r, "/servers/:id/invite", s.serverInviteForm)
	s.post(r, "/servers/:id/invite/profiles", s.makeInviteProfile)
	s.post(r, "/servers/:id/invite/profiles/rename", s.renameInviteProfile)
	s.post(r, "/servers/:id/invite/profiles/delete", s.deleteInviteProfile)
	s.post(r, "/servers/:id/invite/profiles/copy", s.copyInviteProfile)
	s.get(r, importPath, s.importForm)
	s.post(r, importPath, s.checkImport)
	r.POST(importPath+"/file", s.page(s.uploadImport))
	s.get(r, "/servers/:id/imports/:import", s.showImportBatch)
	s.post(r, "/servers/:id/imports/:import/run", s.runImport)
	s.post(r, "/servers/:id/imports/:import/discard", s.discardImport)
	s.post(r, "/servers/:id/imports/:import/remind", s.remindImport)
	s.get(r, "/servers/:id/invites", s.inviteUses)
	s.get(r, "/servers/:id/checks", s.serverChecks)
	s.post(r, "/servers/:id/checks", s.askForChecks)
	s.get(r, "/servers/:id/checks/state", s.serverChecksState)
	s.post(r, "/servers/:id/tries", s.tryOutside)
	s.get(r, "/servers/:id/invites/:invite", s.inviteLink)
	s.post(r, "/servers/:id/invites/withdraw", s.withdrawInvite)
	s.post(r, "/invites", s.createInvite)
}

// linkRoutes registers the page on which a person answers links and invites.
func (s *site) linkRoutes(r *gin.Engine) {
	s.get(r, "/invitations", s.links)
	s.post(r, "/invitations/accept", s.acceptLink)
	s.post(r, "/invitations/decline", s.declineLink)
	s.post(r, "/invites/accept", s.acceptInvite)
	s.post(r, "/invites/decline", s.declineInvite)
	s.get(r, familyInvitePath(":id"), s.inviteFamily)
	s.post(r, familyInvitePath(":id"), s.acceptInviteForFamily)
}

// familyRoutes registers the pages of families: for guardians, and for those who were asked into one.
func (s *site) familyRoutes(r *gin.Engine) {
	s.get(r, familyPath, s.family)
	s.post(r, "/family/members", s.addMember)
	s.post(r, "/family/people", s.askIntoFamily)
	s.post(r, "/family/people/remove", s.removeFromFamily)
	s.post(r, "/family/accept", s.acceptFamily)
	s.post(r, "/family/decline", s.declineFamily)
	s.post(r, "/family/leave", s.leaveFamily)

	const member = "/family/members/:id"
	s.get(r, member, s.familyMember)
	s.post(r, member+"/sessions/end", s.endMemberSession)
	s.post(r, member+"/sessions/end-all", s.endMemberSessions)
	s.post(r, member+"/password", s.setMemberPassword)
	s.post(r, member+"/pin", s.setMemberPIN)
	s.post(r, member+"/ceiling", s.setCeiling)
	s.post(r, member+"/let-go", s.letMemberGo)
	s.post(r, member+"/let-go/back", s.takeBackLetGo)
	s.get(r, memberPicturePath, s.memberPictureForm)
	r.POST(memberPicturePath, s.page(s.setMemberPicture))
	s.post(r, memberPicturePath+"/remove", s.removeMemberPicture)
	s.post(r, member+"/delete", s.deleteMember)
	s.post(r, member+"/links/accept", s.acceptMemberLink)
	s.post(r, member+"/links/decline", s.removeMemberLink)
	s.post(r, member+"/invites/accept", s.acceptMemberInvite)
	s.post(r, member+"/invites/decline", s.declineMemberInvite)
}

// deviceRoutes registers the pages on which a person signs a device in by the
// code that it shows. Their address is older than the word device code.
func (s *site) deviceRoutes(r *gin.Engine) {
	s.get(r, "/link", s.deviceForm)
	s.post(r, "/link", s.lookDevice)
	s.get(r, "/link/code", s.deviceCode)
	s.post(r, "/link/approve", s.approveDevice)
	s.post(r, "/link/deny", s.denyDevice)
	s.post(r, "/link/quick-connect", s.quickConnect)
	s.get(r, "/link/quick-connect/:id", s.quickConnectWait)
	s.get(r, "/link/quick-connect/:id/state", s.quickConnectState)
	s.get(r, "/pin", nil, func(c *gin.Context) { c.Redirect(http.StatusFound, "/link") })
}

// householdRoutes registers the pages on which the people of a shared device choose who is
// watching.
func (s *site) householdRoutes(r *gin.Engine) {
	s.get(r, householdPath, s.household)
	s.get(r, householdPersonPath, s.householdPIN)
	s.post(r, householdPersonPath, s.switchPerson)
	s.post(r, householdPath+"/join", s.joinHousehold)
	s.post(r, householdPath+"/tiles", s.setTiles)
}

// unlockRoutes registers the pages on what a PIN protects, for people, for guardians and for the owners of
// servers.
func (s *site) unlockRoutes(r *gin.Engine) {
	s.get(r, unlockPath, s.unlock)
	s.post(r, unlockPath, s.openUnlock)
	s.post(r, unlockPath+"/close", s.closeUnlock)

	const hold, protection, person = "/servers/:id/hold", "/servers/:id/protection", "/servers/:id/people/:link_id/protection"
	s.get(r, hold, s.hold)
	s.post(r, hold, s.setHold)
	s.get(r, protection, s.protection)
	s.post(r, protection, s.setProtection)
	s.post(r, protection+"/let-unlock", s.letUnlock)
	s.get(r, person, s.protectionPerson)
	s.post(r, person, s.setProtectionPerson)
}

// televisionRoutes registers the pages on which owners sign televisions in for their people.
func (s *site) televisionRoutes(r *gin.Engine) {
	path := televisionPath(":id", ":link_id")
	s.get(r, path, s.television)
	s.post(r, path, s.signTelevisionIn)
	s.get(r, path+"/:try", s.televisionWait)
	s.get(r, path+"/:try/state", s.televisionState)
}

// stayRoutes registers the pages on the stay of a person at a server, for the owner of the server.
func (s *site) stayRoutes(r *gin.Engine) {
	const stay = "/servers/:id/people/:link_id/stay"
	s.get(r, stay, s.stay)
	s.post(r, stay+"/end", s.setStayEnd)
	s.post(r, stay+"/more", s.extendStay)
	s.post(r, stay+"/pause", s.pauseStay)
	s.post(r, stay+"/resume", s.resumeStay)
	s.post(r, stay+"/libraries", s.setStayLibraries)
	s.post(r, stay+"/hand", s.answerStayHand)
}

// operatorRoutes registers the pages of operators.
func (s *site) operatorRoutes(r *gin.Engine) {
	s.get(r, operatorPath, s.operatorOverview)
	s.get(r, operatorPath+"/accounts", s.operatorAccounts)
	s.get(r, operatedAccountPath(":id"), s.operatorAccount)
	for act, does := range operatorAccountActs() {
		s.post(r, operatedAccountPath(":id")+"/"+act, s.operate(does, s.showOperatorAccount, operatedAccountPath))
	}
	s.get(r, operatorPath+"/servers", s.operatorServers)
	s.get(r, operatedServerPath(":id"), s.operatorServer)
	for act, does := range operatorServerActs() {
		s.post(r, operatedServerPath(":id")+"/"+act, s.operate(does, s.showOperatorServer, operatedServerPath))
	}
	s.get(r, operatorPath+"/mails", s.operatorMails)
	s.get(r, operatedMailPath(":id"), s.operatorMail)
	for act, does := range operatorMailActs() {
		s.post(r, operatedMailPath(":id")+"/"+act, s.operate(does, s.showOperatorMail, operatedMailPath))
	}
	s.get(r, operatorPath+"/invites", s.operatorInvites)
	s.post(r, operatorPath+"/invites", s.createOperatorInvite)
	s.get(r, operatedInvitePath(":id"), s.operatorInvite)
	for act, does := range operatorInviteActs() {
		s.post(r, operatedInvitePath(":id")+"/"+act, s.operate(does, s.showOperatorInvite, operatedInvitePath))
	}
	s.get(r, operatorPath+"/families", s.operatorFamilies)
	s.get(r, operatedFamilyPath(":id"), s.operatorFamily)
	s.get(r, operatorPath+"/messages", s.operatorMessages)
	s.post(r, operatorPath+"/messages", s.createOperatorMessage)
	s.get(r, operatedMessagePath(":id"), s.operatorMessage)
	for act, does := range operatorMessageActs() {
		s.post(r, operatedMessagePath(":id")+"/"+act, s.operate(does, s.showOperatorMessage, operatedMessagePath))
	}
	s.get(r, operatorPath+"/throttles", s.operatorThrottles)
	s.post(r, operatorPath+"/throttles", s.liftThrottles)
	s.get(r, operatorPath+"/settings", s.operatorSettings)
	s.get(r, operatorPath+"/health", s.operatorHealth)
	s.get(r, operatorPath+"/settings/:name", s.operatorSettingsEdit)
	s.post(r, operatorPath+"/settings/:name", s.setOperatorSetting)
	s.post(r, operatorPath+"/settings/:name/remove", s.removeOperatorSetting)
	s.get(r, operatorPath+"/history", s.operatorActs)
}

// machineRoutes registers what browsers, monitors and robots ask for.
func (s *site) machineRoutes(r *gin.Engine) {
	s.get(r, "/captcha/challenge", nil, s.problem(s.challenge))
	s.get(r, "/livez", nil, s.live)
	s.get(r, "/readyz", nil, s.readyNow)
	s.get(r, health.ArrivalPath, s.arrival)
	s.get(r, "/robots.txt", nil, s.robots)
	s.get(r, "/favicon.ico", s.favicon)
	s.get(r, "/static/*file", s.static)
	s.get(r, "/.well-known/security.txt", s.securityText)
	s.get(r, picturesPath+"/:token", s.showPicture)
	s.get(r, "/.well-known/change-password", nil, func(c *gin.Context) { c.Redirect(http.StatusFound, "/account/password") })
}

// get registers path for GET and HEAD. The handler page answers it or, if page is nil, the
// handlers plain.
func (s *site) get(r *gin.Engine, path string, page handlerFunc, plain ...gin.HandlerFunc) {
	if page != nil {
		plain = append(plain, s.page(page))
	}
	r.GET(path, plain...)
	r.HEAD(path, plain...)
}

// post registers path for a form. It reads the form that was sent before it calls h.
func (s *site) post(r *gin.Engine, path string, h formFunc) {
	r.POST(path, s.page(func(c *gin.Context) error {
		f, err := readForm(c)
		if err != nil {
			return err
		}
		return h(c, f)
	}))
}

// noMethod answers a request whose path has no handler for its method. On the API it also
// answers the preflight requests of browsers, which have no token.
func (s *site) noMethod(c *gin.Context) {
	if visitOf(c).side == sideAPI {
		h := c.Writer.Header()
		h.Set("Allow", h.Get("Allow")+", "+http.MethodOptions)
		if c.Request.Method == http.MethodOptions {
			c.Status(http.StatusNoContent)
			return
		}
	}
	s.refuse(c, refuse(http.StatusMethodNotAllowed, "method_not_allowed"))
}

// noRoute answers a request that no route of Gin matches. The Emby Connect
// protocol has its own routes.
func (s *site) noRoute(c *gin.Context) {
	if visitOf(c).side == sideService && !s.OnlySetUp {
		s.service(c)
		return
	}
	if visitOf(c).side == sideAPI && c.Request.Method == http.MethodOptions {
		c.Status(http.StatusNoContent) // with an error, no web page could read that the path does not exist
		return
	}
	s.refuse(c, models.ErrNotFound)
}
