package handlers

import (
	"crypto/sha256"
	"encoding/base64"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiRoutes are for programs that know us.
func (s *site) apiRoutes(r *gin.Engine) {
	const v1 = apiPrefix + "/v1"
	r.POST(v1+"/sessions", s.problem(s.apiSignIn))
	r.DELETE(v1+"/sessions/current", s.withoutBody(s.apiSignOut))
	r.POST(v1+"/sessions/current/confirm", s.withSession(s.apiConfirmPassword))
	s.get(r, v1+"/account", nil, s.withSession(s.apiAccount))

	r.POST(v1+"/device-codes", s.problem(s.apiBeginDevice))
	r.POST(v1+"/device-codes/token", s.problem(s.apiDeviceToken))
	r.POST(v1+"/device-codes/:user_code/approve", s.withoutBody(s.apiApproveDevice))
	r.POST(v1+"/device-codes/:user_code/deny", s.withoutBody(s.apiDenyDevice))

	s.get(r, v1+"/servers", nil, s.withSession(s.apiServers))
	r.POST(v1+"/servers", s.problem(s.apiRegisterServer))
	r.POST(v1+"/servers/claim-codes", s.withoutBody(s.apiClaimCode))

	s.get(r, v1+"/links", nil, s.withSession(s.apiLinks))
	r.POST(v1+"/links/:id/accept", s.withoutBody(s.apiAcceptLink))
	r.POST(v1+"/links/:id/decline", s.withoutBody(s.apiDeclineLink))
	r.DELETE(v1+"/links/:id", s.withoutBody(s.apiRemoveLink))

	s.apiAccountRoutes(r, v1)
	s.apiOperatorRoutes(r, v1)
	s.apiOwnerRoutes(r, v1)
	s.apiAgentRoutes(r, v1)
	s.apiQuickConnectRoutes(r, v1)
}

// apiAccountRoutes are for people and what is theirs.
func (s *site) apiAccountRoutes(r *gin.Engine, v1 string) {
	r.POST(v1+"/accounts", s.problem(s.apiSignUp))
	r.POST(v1+"/accounts/confirm", s.problem(s.apiConfirm))
	r.POST(v1+"/accounts/resend", s.problem(s.apiResend))
	r.POST(v1+"/accounts/correct", s.problem(s.apiCorrect))
	r.PATCH(v1+"/account", s.withSession(s.apiChangeProfile))
	r.DELETE(v1+"/account", s.withSession(s.apiDeleteAccount))
	s.get(r, v1+"/account/export", nil, s.withSession(s.apiExport))

	r.POST(v1+"/account/email", s.withSession(s.apiChangeEmail))
	r.POST(v1+"/account/email/confirm", s.problem(s.apiConfirmEmail))
	r.POST(v1+"/account/email/undo", s.problem(s.apiUndoEmail))
	r.POST(v1+"/account/password", s.withSession(s.apiChangePassword))
	r.POST(v1+"/password-resets", s.problem(s.apiRequestReset))
	r.POST(v1+"/password-resets/redeem", s.problem(s.apiResetPassword))

	r.PUT(v1+"/account/pin", s.withSession(s.apiSetPIN))
	r.DELETE(v1+"/account/pin", s.withSession(s.apiRemovePIN))
	r.POST(v1+"/account/pin/verify", s.withSession(s.apiVerifyPIN))
	r.POST(v1+"/account/pin/replace", s.withSession(s.apiReplacePIN))
	r.POST(v1+"/account/pin/resets", s.withoutBody(s.apiPINMail))
	r.POST(v1+"/account/pin/resets/redeem", s.problem(s.apiResetPIN))

	s.get(r, v1+"/sessions", nil, s.withSession(s.apiSessions))
	r.DELETE(v1+"/sessions/:id", s.withoutBody(s.apiEndSession))
	r.POST(v1+"/sessions/end-others", s.withoutBody(s.apiEndOtherSessions))
	r.POST(v1+"/sessions/end-all", s.withoutBody(s.apiEndAllSessions))
	r.POST(v1+"/sessions/not-me", s.problem(s.apiNotMe))
	s.get(r, v1+"/account/history", nil, s.withSession(s.apiHistory))

	s.get(r, v1+"/device-codes/:user_code", nil, s.withSession(s.apiLookDevice))
}

// apiOwnerRoutes are for people and the servers that they run, for invites from
// both sides, and for those who join a server by themselves.
func (s *site) apiOwnerRoutes(r *gin.Engine, v1 string) {
	servers := v1 + "/servers"
	r.POST(servers+"/claim", s.withProof(s.apiClaimServer))
	s.get(r, servers+"/owned", nil, s.withSession(s.apiOwnedServers))
	s.get(r, servers+"/:id", nil, s.withSession(s.apiOwnedServer))
	r.PATCH(servers+"/:id", s.withSession(s.apiChangeServer))
	r.DELETE(servers+"/:id", s.withProof(s.apiRemoveServer))
	r.POST(servers+"/:id/key", s.withProof(s.apiReplaceServerKey))
	r.POST(servers+"/:id/hand-over", s.withProof(s.apiHandServerOver))
	r.POST(servers+"/:id/addresses", s.withSession(s.apiAddAddress))
	r.PATCH(servers+"/:id/addresses/:address_id", s.withSession(s.apiChangeAddress))
	r.DELETE(servers+"/:id/addresses/:address_id", s.withoutBody(s.apiRemoveAddress))
	s.get(r, servers+"/:id/people", nil, s.withSession(s.apiPeople))
	r.PATCH(servers+"/:id/people/:link_id", s.withSession(s.apiChangePerson))
	r.DELETE(servers+"/:id/people/:link_id", s.withoutBody(s.apiRemovePerson))
	s.get(r, servers+"/:id/local-users", nil, s.withSession(s.apiLocalUsers))
	r.POST(servers+"/:id/join", s.withoutBody(s.apiStartProof))
	s.get(r, servers+"/:id/join", nil, s.withSession(s.apiProof))

	r.POST(v1+"/invites", s.withSession(s.apiCreateInvite))
	s.get(r, v1+"/invites", nil, s.withSession(s.apiInvites))
	r.DELETE(v1+"/invites/:id", s.withoutBody(s.apiWithdrawInvite))
	s.get(r, v1+"/invites/received", nil, s.withSession(s.apiReceivedInvites))
	r.POST(v1+"/invites/:id/accept", s.withoutBody(s.apiAcceptInvite))
	r.POST(v1+"/invites/:id/decline", s.withoutBody(s.apiDeclineInvite))
}

// apiAgentRoutes are for media servers, which bring their server key.
func (s *site) apiAgentRoutes(r *gin.Engine, v1 string) {
	server := v1 + "/server"
	s.get(r, server, nil, s.withServer(s.apiThisServer))
	r.PUT(server+"/report", s.withServer(s.apiReport))
	s.get(r, server+"/changes", nil, s.withServer(s.apiChanges))
	r.POST(server+"/changes/acknowledge", s.withServer(s.apiAcknowledge))
	s.get(r, server+"/links", nil, s.withServer(s.apiAgentLinks))
	r.POST(server+"/links", s.withServer(s.apiAskForLink))
	r.DELETE(server+"/links/:id", s.withServerAlone(s.apiEndLink))
	r.POST(server+"/invites", s.withServer(s.apiServerInvite))
	r.POST(server+"/exchanges", s.withServer(s.apiExchange))
	r.POST(server+"/key", s.withServerAlone(s.apiRotateOwnKey))
	s.get(r, server+"/proofs", nil, s.withServer(s.apiOpenProofs))
	r.POST(server+"/proofs/:id/propose", s.withServer(s.apiProposeProof))
	r.POST(server+"/proofs/:id/complete", s.withServer(s.apiCompleteProof))
	r.POST(server+"/proofs/:id/fail", s.withServer(s.apiFailProof))
}

// apiQuickConnectRoutes are for people who sign a device in by a code of Quick
// Connect, and for the agents that approve it.
func (s *site) apiQuickConnectRoutes(r *gin.Engine, v1 string) {
	mine, server := v1+"/quick-connects", v1+"/server/quick-connects"
	r.POST(mine, s.withProof(s.apiAskQuickConnect))
	s.get(r, mine+"/servers", nil, s.withSession(s.apiQuickConnectServers))
	s.get(r, mine+"/:id", nil, s.withSession(s.apiQuickConnect))
	s.get(r, server, nil, s.withServer(s.apiOpenQuickConnects))
	r.POST(server+"/:id/complete", s.withServerAlone(s.apiCompleteQuickConnect))
	r.POST(server+"/:id/fail", s.withServer(s.apiFailQuickConnect))
}

// apiOperatorRoutes are for those who run the service.
func (s *site) apiOperatorRoutes(r *gin.Engine, v1 string) {
	accounts, servers := v1+"/operator/accounts", v1+"/operator/servers"
	s.get(r, accounts, nil, s.withOperator(s.apiOperatedAccounts))
	s.get(r, accounts+"/:id", nil, s.withOperator(s.apiOperatedAccount))
	r.POST(accounts+"/:id/disable", s.operating(func(store *models.Store) operation { return store.Operators.DisableByID }))
	r.POST(accounts+"/:id/enable", s.operating(func(store *models.Store) operation { return store.Operators.EnableByID }))
	r.POST(accounts+"/:id/send-reset", s.operating(func(store *models.Store) operation { return store.Operators.SendResetByID }))

	s.get(r, servers, nil, s.withOperator(s.apiOperatedServers))
	s.get(r, servers+"/:id", nil, s.withOperator(s.apiOperatedServer))
	r.POST(servers+"/:id/disable", s.operating(func(store *models.Store) operation { return store.OperatedServers.Disable }))
	r.POST(servers+"/:id/enable", s.operating(func(store *models.Store) operation { return store.OperatedServers.Enable }))
	r.DELETE(servers+"/:id", s.operating(func(store *models.Store) operation { return store.OperatedServers.Remove }))
}

// contractRoutes are the contract itself: for programs, and for people.
func (s *site) contractRoutes(r *gin.Engine) {
	read := sync.OnceValues(readContract)
	sum := sha256.Sum256(openAPI)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	s.get(r, apiPrefix+"/openapi.yaml", nil, func(c *gin.Context) { serveContract(c, tag) })
	s.get(r, apiDocsPath, func(c *gin.Context) error {
		contract, err := read()
		if err != nil {
			return err
		}
		return s.apiDocs(c, contract)
	})
}
