package builtin

import (
	"encoding/hex"
	"strconv"
	"time"
)

// Answers have the shapes that Emby 4.8 publishes, with the members that clients read
// (docs/emby-connect.md §4.3, §4.4). Tests compare them with the table in testdata. A
// list is never null, because clients do not expect that.

type accessScheduleDto struct {
	DayOfWeek string  `json:"DayOfWeek"`
	StartHour float64 `json:"StartHour"`
	EndHour   float64 `json:"EndHour"`
}

type policyDto struct {
	IsAdministrator                  bool                `json:"IsAdministrator"`
	IsHidden                         bool                `json:"IsHidden"`
	IsHiddenRemotely                 bool                `json:"IsHiddenRemotely"`
	IsHiddenFromUnusedDevices        bool                `json:"IsHiddenFromUnusedDevices"`
	IsDisabled                       bool                `json:"IsDisabled"`
	BlockedTags                      []string            `json:"BlockedTags"`
	IsTagBlockingModeInclusive       bool                `json:"IsTagBlockingModeInclusive"`
	IncludeTags                      []string            `json:"IncludeTags"`
	AllowedTags                      []string            `json:"AllowedTags"` // Jellyfin's name of IncludeTags
	MaxParentalRating                *int                `json:"MaxParentalRating,omitempty"`
	MaxParentalSubRating             *int                `json:"MaxParentalSubRating,omitempty"`
	EnableUserPreferenceAccess       bool                `json:"EnableUserPreferenceAccess"`
	AccessSchedules                  []accessScheduleDto `json:"AccessSchedules"`
	BlockUnratedItems                []string            `json:"BlockUnratedItems"`
	EnableRemoteControlOfOtherUsers  bool                `json:"EnableRemoteControlOfOtherUsers"`
	EnableSharedDeviceControl        bool                `json:"EnableSharedDeviceControl"`
	EnableRemoteAccess               bool                `json:"EnableRemoteAccess"`
	EnableLiveTvManagement           bool                `json:"EnableLiveTvManagement"`
	EnableLiveTvAccess               bool                `json:"EnableLiveTvAccess"`
	EnableMediaPlayback              bool                `json:"EnableMediaPlayback"`
	EnableAudioPlaybackTranscoding   bool                `json:"EnableAudioPlaybackTranscoding"`
	EnableVideoPlaybackTranscoding   bool                `json:"EnableVideoPlaybackTranscoding"`
	EnablePlaybackRemuxing           bool                `json:"EnablePlaybackRemuxing"`
	EnableContentDeletion            bool                `json:"EnableContentDeletion"`
	EnableContentDeletionFromFolders []string            `json:"EnableContentDeletionFromFolders"`
	EnableContentDownloading         bool                `json:"EnableContentDownloading"`
	EnableSubtitleDownloading        bool                `json:"EnableSubtitleDownloading"`
	EnableSubtitleManagement         bool                `json:"EnableSubtitleManagement"`
	EnableSyncTranscoding            bool                `json:"EnableSyncTranscoding"`
	EnableMediaConversion            bool                `json:"EnableMediaConversion"`
	EnabledChannels                  []string            `json:"EnabledChannels"`
	EnableAllChannels                bool                `json:"EnableAllChannels"`
	EnabledFolders                   []string            `json:"EnabledFolders"`
	EnableAllFolders                 bool                `json:"EnableAllFolders"`
	InvalidLoginAttemptCount         int                 `json:"InvalidLoginAttemptCount"`
	EnablePublicSharing              bool                `json:"EnablePublicSharing"`
	RemoteClientBitrateLimit         int                 `json:"RemoteClientBitrateLimit"`
	AuthenticationProviderID         string              `json:"AuthenticationProviderId"`
	ExcludedSubFolders               []string            `json:"ExcludedSubFolders"`
	SimultaneousStreamLimit          int                 `json:"SimultaneousStreamLimit"`
	EnabledDevices                   []string            `json:"EnabledDevices"`
	EnableAllDevices                 bool                `json:"EnableAllDevices"`
}

type configurationDto struct {
	PlayDefaultAudioTrack      bool     `json:"PlayDefaultAudioTrack"`
	DisplayMissingEpisodes     bool     `json:"DisplayMissingEpisodes"`
	SubtitleMode               string   `json:"SubtitleMode"`
	EnableLocalPassword        bool     `json:"EnableLocalPassword"`
	OrderedViews               []string `json:"OrderedViews"`
	LatestItemsExcludes        []string `json:"LatestItemsExcludes"`
	MyMediaExcludes            []string `json:"MyMediaExcludes"`
	HidePlayedInLatest         bool     `json:"HidePlayedInLatest"`
	RememberAudioSelections    bool     `json:"RememberAudioSelections"`
	RememberSubtitleSelections bool     `json:"RememberSubtitleSelections"`
	EnableNextEpisodeAutoPlay  bool     `json:"EnableNextEpisodeAutoPlay"`
	ResumeRewindSeconds        int      `json:"ResumeRewindSeconds"`
	IntroSkipMode              string   `json:"IntroSkipMode"`
}

type userDto struct {
	Name                      string           `json:"Name"`
	ServerID                  string           `json:"ServerId"`
	ServerName                string           `json:"ServerName"`
	Prefix                    string           `json:"Prefix"`
	ConnectUserName           string           `json:"ConnectUserName,omitempty"`
	ConnectLinkType           string           `json:"ConnectLinkType,omitempty"`
	DateCreated               time.Time        `json:"DateCreated,omitzero"`
	ID                        string           `json:"Id"`
	PrimaryImageTag           string           `json:"PrimaryImageTag,omitempty"`
	HasPassword               bool             `json:"HasPassword"`
	HasConfiguredPassword     bool             `json:"HasConfiguredPassword"`
	HasConfiguredEasyPassword bool             `json:"HasConfiguredEasyPassword"`
	EnableAutoLogin           bool             `json:"EnableAutoLogin"`
	LastLoginDate             time.Time        `json:"LastLoginDate,omitzero"`
	LastActivityDate          time.Time        `json:"LastActivityDate,omitzero"`
	Configuration             configurationDto `json:"Configuration"`
	Policy                    policyDto        `json:"Policy"`
}

type usersDto struct {
	Items            []userDto `json:"Items"`
	TotalRecordCount int       `json:"TotalRecordCount"`
}

type playStateDto struct {
	CanSeek        bool    `json:"CanSeek"`
	IsPaused       bool    `json:"IsPaused"`
	IsMuted        bool    `json:"IsMuted"`
	RepeatMode     string  `json:"RepeatMode"`
	SubtitleOffset int     `json:"SubtitleOffset"`
	PlaybackRate   float64 `json:"PlaybackRate"`
}

type sessionDto struct {
	PlayState             playStateDto `json:"PlayState"`
	AdditionalUsers       []string     `json:"AdditionalUsers"`
	RemoteEndPoint        string       `json:"RemoteEndPoint,omitempty"`
	Protocol              string       `json:"Protocol"`
	PlayableMediaTypes    []string     `json:"PlayableMediaTypes"`
	PlaylistIndex         int          `json:"PlaylistIndex"`
	PlaylistLength        int          `json:"PlaylistLength"`
	ID                    string       `json:"Id"`
	ServerID              string       `json:"ServerId"`
	UserID                string       `json:"UserId"`
	UserName              string       `json:"UserName"`
	UserPrimaryImageTag   string       `json:"UserPrimaryImageTag,omitempty"`
	Client                string       `json:"Client"`
	AppIconURL            string       `json:"AppIconUrl,omitempty"`
	LastActivityDate      time.Time    `json:"LastActivityDate"`
	DeviceName            string       `json:"DeviceName"`
	InternalDeviceID      int64        `json:"InternalDeviceId"`
	DeviceID              string       `json:"DeviceId"`
	ApplicationVersion    string       `json:"ApplicationVersion"`
	SupportedCommands     []string     `json:"SupportedCommands"`
	SupportsRemoteControl bool         `json:"SupportsRemoteControl"`
}

type signedInDto struct {
	User        userDto    `json:"User"`
	SessionInfo sessionDto `json:"SessionInfo"`
	AccessToken string     `json:"AccessToken"`
	ServerID    string     `json:"ServerId"`
}

type publicInfoDto struct {
	LocalAddress    string   `json:"LocalAddress"`
	LocalAddresses  []string `json:"LocalAddresses"`
	WanAddress      string   `json:"WanAddress"`
	RemoteAddresses []string `json:"RemoteAddresses"`
	ServerName      string   `json:"ServerName"`
	Version         string   `json:"Version"`
	OperatingSystem string   `json:"OperatingSystem"`
	ID              string   `json:"Id"`
}

type infoDto struct {
	publicInfoDto

	OperatingSystemDisplayName           string   `json:"OperatingSystemDisplayName"`
	PackageName                          string   `json:"PackageName"`
	SystemUpdateLevel                    string   `json:"SystemUpdateLevel"`
	HasPendingRestart                    bool     `json:"HasPendingRestart"`
	IsShuttingDown                       bool     `json:"IsShuttingDown"`
	HasUpdateAvailable                   bool     `json:"HasUpdateAvailable"`
	SupportsLibraryMonitor               bool     `json:"SupportsLibraryMonitor"`
	SupportsLocalPortConfiguration       bool     `json:"SupportsLocalPortConfiguration"`
	SupportsWakeServer                   bool     `json:"SupportsWakeServer"`
	SupportsHTTPS                        bool     `json:"SupportsHttps"`
	SupportsAutoRunAtStartup             bool     `json:"SupportsAutoRunAtStartup"`
	CanSelfRestart                       bool     `json:"CanSelfRestart"`
	CanSelfUpdate                        bool     `json:"CanSelfUpdate"`
	CanLaunchWebBrowser                  bool     `json:"CanLaunchWebBrowser"`
	HasImageEnhancers                    bool     `json:"HasImageEnhancers"`
	HardwareAccelerationRequiresPremiere bool     `json:"HardwareAccelerationRequiresPremiere"`
	CompletedInstallations               []string `json:"CompletedInstallations"`
	WakeOnLanInfo                        []string `json:"WakeOnLanInfo"`
}

type endpointDto struct {
	IsLocal     bool `json:"IsLocal"`
	IsInNetwork bool `json:"IsInNetwork"`
}

type forgotDto struct {
	Action            string     `json:"Action"`
	PinFile           string     `json:"PinFile"`
	PinExpirationDate *time.Time `json:"PinExpirationDate"`
}

type forgotPinDto struct {
	Success    bool     `json:"Success"`
	UsersReset []string `json:"UsersReset"`
}

// dto returns a local user as clients read it, with the account that the local user is
// linked to.
func (s *Server) dto(u *User, connection Connection) userDto {
	return userDto{
		Name: u.Name, ServerID: s.id, ServerName: s.opt.Name, Prefix: prefix(u.Name), ID: u.ID, PrimaryImageTag: u.PictureTag,
		ConnectUserName: connection.Username, ConnectLinkType: connection.Type,
		DateCreated: u.CreatedAt, LastLoginDate: u.SignedInAt, LastActivityDate: u.UsedAt,
		HasPassword: u.HasPassword, HasConfiguredPassword: u.HasPassword, HasConfiguredEasyPassword: u.HasEasyPIN,
		Configuration: configurationDto{
			PlayDefaultAudioTrack: true, SubtitleMode: "Smart", EnableLocalPassword: u.HasEasyPIN,
			OrderedViews: []string{}, LatestItemsExcludes: []string{}, MyMediaExcludes: []string{},
			HidePlayedInLatest: true, RememberAudioSelections: true, RememberSubtitleSelections: true,
			EnableNextEpisodeAutoPlay: true, IntroSkipMode: "ShowButton",
		},
		Policy: policy(u),
	}
}

func policy(u *User) policyDto {
	owner, p := u.Administrator, &u.Policy
	return policyDto{
		IsAdministrator: owner, IsHidden: u.Hidden, IsHiddenRemotely: u.Hidden, IsHiddenFromUnusedDevices: u.Hidden, IsDisabled: u.Disabled,
		MaxParentalRating: p.MaxRating, MaxParentalSubRating: p.MaxSubRating, AccessSchedules: schedules(p.Hours),
		BlockedTags: listOf(p.BlockedTags), IncludeTags: listOf(p.AllowedTags), AllowedTags: listOf(p.AllowedTags), BlockUnratedItems: listOf(p.BlockUnrated),
		EnableUserPreferenceAccess: true, EnableRemoteControlOfOtherUsers: p.MayControl, EnableSharedDeviceControl: owner || p.MayControlShared,
		EnableRemoteAccess: u.RemoteAccess, EnableLiveTvManagement: owner, EnableLiveTvAccess: owner, EnableMediaPlayback: true,
		EnableAudioPlaybackTranscoding: true, EnableVideoPlaybackTranscoding: true, EnablePlaybackRemuxing: true,
		EnableContentDeletion: p.MayDelete, EnableContentDeletionFromFolders: listOf(p.DeleteFrom), EnableContentDownloading: p.MayDownload,
		EnableSubtitleDownloading: owner, EnableSubtitleManagement: owner || p.MayEdit.Subtitles, EnableSyncTranscoding: p.MayDownload, EnableMediaConversion: owner,
		EnabledChannels: []string{}, EnableAllChannels: p.AllLibraries,
		EnabledFolders: listOf(p.Libraries), EnableAllFolders: p.AllLibraries,
		EnablePublicSharing: owner, AuthenticationProviderID: "Default", ExcludedSubFolders: listOf(p.BlockedFolders),
		EnabledDevices: []string{}, EnableAllDevices: true,
	}
}

// listOf returns a list that is never nil, because JSON writes nil as null.
func listOf(list []string) []string { return append([]string{}, list...) }

func schedules(all []Hours) []accessScheduleDto {
	list := make([]accessScheduleDto, 0, len(all))
	for _, h := range all {
		list = append(list, accessScheduleDto{h.Day, h.Start, h.End})
	}
	return list
}

// prefix returns the initial letter under which an alphabetical list shows a name.
func prefix(name string) string {
	for _, r := range name {
		return string(r)
	}
	return ""
}

func (s *Server) sessionDto(row *sessionRow) sessionDto {
	id := s.keys.MAC("builtin session", strconv.FormatInt(row.ID, 10))
	return sessionDto{
		PlayState:       playStateDto{RepeatMode: "RepeatNone", PlaybackRate: 1},
		AdditionalUsers: []string{}, RemoteEndPoint: row.Address, Protocol: "HTTP/1.1", PlayableMediaTypes: []string{},
		ID: hex.EncodeToString(id[:16]), ServerID: s.id, UserID: row.LocalUserID, UserName: row.Name, UserPrimaryImageTag: row.PictureTag,
		Client: row.Client, AppIconURL: row.IconURL, LastActivityDate: row.UsedAt.UTC(), DeviceName: row.DeviceName, InternalDeviceID: row.ID, DeviceID: row.DeviceID,
		ApplicationVersion: row.Version, SupportedCommands: []string{},
	}
}
