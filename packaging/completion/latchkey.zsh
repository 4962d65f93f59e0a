#compdef latchkey latchkeyctl
# Completion of latchkey for zsh; made by: latchkey completion zsh
_latchkey() {
  local place='' word flag
  local -a commands flags
  for word in ${words[2,CURRENT-1]}; do
    case "${place:+$place }$word" in
    'serve'|'migrate'|'config'|'account'|'account create'|'account confirm'|'account disable'|'account enable'|'account unlock'|'account operator'|'account send-reset'|'account end-sessions'|'account list'|'account delete'|'server'|'server list'|'server show'|'server disable'|'server enable'|'server remove'|'mail'|'mail test'|'mail list'|'mail retry'|'mail drop'|'mail stop'|'mail allow'|'mail stopped'|'backup'|'restore'|'copy'|'operator'|'operator overview'|'operator history'|'operator families'|'operator families list'|'operator families show'|'operator invites'|'operator invites list'|'operator invites make'|'operator invites withdraw'|'operator messages'|'operator messages list'|'operator messages make'|'operator messages withdraw'|'operator throttles'|'operator settings'|'operator set'|'operator unset'|'operator webhooks'|'operator webhooks list'|'operator webhooks add'|'operator webhooks on'|'operator webhooks off'|'operator webhooks test'|'operator webhooks log'|'operator webhooks replay'|'operator webhooks address'|'operator webhooks secret'|'operator webhooks remove'|'operator lift'|'doctor'|'setup'|'setup ask'|'setup code'|'healthcheck'|'completion'|'version'|'demo'|'agent'|'agent run'|'agent setup'|'agent status'|'agent check'|'agent users'|'agent users list'|'agent users add'|'agent users hide'|'agent users show'|'agent users disable'|'agent users enable'|'agent users password'|'agent users limit'|'agent users picture'|'agent link'|'agent allow'|'agent disallow'|'agent unlink'|'agent unlock'|'agent lock'|'agent levels'|'agent invite'|'agent invites'|'agent invites list'|'agent invites withdraw'|'agent import'|'agent builtin'|'agent healthcheck'|'agent config') place=${place:+$place }$word ;;
    esac
  done
  flag=${words[CURRENT-1]}
  if compset -P '--*='; then flag=${IPREFIX%=}; fi
  case $flag in
  --captcha) compadd -- pow recaptcha off; return ;;
  --connect-register) compadd -- captcha open off; return ;;
  --connect-servers) compadd -- open claimed off; return ;;
  --discovery) compadd -- auto on off; return ;;
  --levels) compadd -- guests linked off; return ;;
  --log-format) compadd -- json text; return ;;
  --log-level) compadd -- debug info warn error; return ;;
  --media-server) compadd -- jellyfin emby builtin; return ;;
  --sign-up) compadd -- open invite closed; return ;;
  --televisions) compadd -- guests linked off; return ;;
  --try-from-outside) compadd -- on off; return ;;
  esac
  case $place in
    '') commands=( 'serve:Run the service' 'migrate:Bring the database up to date and stop' 'config:Print the settings that are in force, each with its origin' 'account:Manage accounts' 'server:Manage media servers' 'mail:Manage the mail queue' 'backup:Write the whole database into one file, while the service runs' 'restore:Put a backup in the place of the database' 'copy:Copy the database to another one, also of the other engine' 'operator:See what the pages of operators show, and lift limits' 'doctor:Look whether everything around the service is as it should be, and say what to do' 'setup:Set the service up for the first time' 'healthcheck:Ask the running service whether it is ready' 'completion:Print a script by which a shell completes the commands and flags' 'version:Print the version' 'demo:Start the service and an agent with example people, to try everything' 'agent:The program beside a media server') flags=() ;;
    'serve') commands=() flags=( '--restored:The database, or the folder with it, was restored from a backup  end all sessions, open invites, codes and mailed links, and replace all access keys') ;;
    'migrate') commands=() flags=() ;;
    'config') commands=() flags=( '--json:Print JSON, for a program') ;;
    'account') commands=( 'create:Make an account' 'confirm:Confirm an account without its mail' 'disable:Disable an account  its sessions and links end at once' 'enable:Enable a disabled account again' 'unlock:Lift the limits that slow down or refuse sign-ins to an account' 'operator:Allow or forbid an account to use the pages of operators and their part of the API' 'send-reset:Mail a link to choose a new password' 'end-sessions:Sign an account out everywhere' 'list:List accounts' 'delete:Erase an account and all data of the person') flags=() ;;
    'account create') commands=() flags=( '--display-name:Name that is shown; without it, the username is shown' '--language:Language of mails and pages' '--password-stdin:Read the password from the standard input, for an account of your own') ;;
    'account confirm') commands=() flags=() ;;
    'account disable') commands=() flags=() ;;
    'account enable') commands=() flags=() ;;
    'account unlock') commands=() flags=() ;;
    'account operator') commands=() flags=() ;;
    'account send-reset') commands=() flags=() ;;
    'account end-sessions') commands=() flags=() ;;
    'account list') commands=() flags=( '--json:Print JSON, for a program') ;;
    'account delete') commands=() flags=( '--yes:Do not ask') ;;
    'server') commands=( 'list:List the media servers that are registered' 'show:Show a server with its addresses and people' 'disable:Disable a server  its key no longer works, and people no longer get its addresses' 'enable:Enable a disabled server again' 'remove:Erase a server with its keys, addresses and links') flags=() ;;
    'server list') commands=() flags=( '--json:Print JSON, for a program') ;;
    'server show') commands=() flags=() ;;
    'server disable') commands=() flags=() ;;
    'server enable') commands=() flags=() ;;
    'server remove') commands=() flags=( '--yes:Do not ask') ;;
    'mail') commands=( 'test:Send a test mail at once and print whether it was sent' 'list:List the mails that wait to be sent, and the mails that could not be sent' 'retry:Try to send a mail again at once' 'drop:Delete a mail without sending it' 'stop:Send no more invitations to an address, because its owner asks for that' 'allow:Send invitations to an address again, because its owner asks for that' 'stopped:Print whether an address gets invitations') flags=() ;;
    'mail test') commands=() flags=( '--language:Language of the mail') ;;
    'mail list') commands=() flags=( '--json:Print JSON, for a program') ;;
    'mail retry') commands=() flags=() ;;
    'mail drop') commands=() flags=() ;;
    'mail stop') commands=() flags=() ;;
    'mail allow') commands=() flags=() ;;
    'mail stopped') commands=() flags=() ;;
    'backup') commands=() flags=( '--to:Encrypt the backup to this public key of age; several times for several keys' '--plain:Do not encrypt, although the settings have backup-recipients' '--replace:Replace the file if it exists' '--json:Print the result as JSON, for programs') ;;
    'restore') commands=() flags=( '--identity:File with the secret key of age with which an encrypted backup is read; several times for several files' '--replace:Restore also if the database has data' '--check:Only check the file  nothing is changed, and no database is needed' '--unproven:Restore also a backup that does not prove who made it, such as one of an older version' '--json:Print the result as JSON, for programs') ;;
    'copy') commands=() flags=( '--from:Database that is copied  sqlite PATH or mysql //user password@host port/name, or @FILE for a file that has the address, so that no password is in the command line' '--to:Empty database that becomes the copy, in the same form' '--json:Print the result as JSON, for programs') ;;
    'operator') commands=( 'overview:Print how the service is doing  accounts, servers, mails, limits in force, and the last 30 days' 'history:List what operators did, the newest first' 'families:List families, and show who belongs to one' 'invites:List, make and withdraw invites to sign up' 'messages:List, make and withdraw messages to everybody' 'throttles:List the limits that stop a person or an address now' 'settings:List the settings in force, with where each comes from and whether it can be set here' 'set:Set a setting that no flag, environment or file has' 'unset:Put a setting back to its default' 'webhooks:See and change the webhooks of the operators' 'lift:Lift the limits that stop a person or an address') flags=() ;;
    'operator overview') commands=() flags=( '--json:Print JSON, for a program') ;;
    'operator history') commands=() flags=( '--json:Print JSON, for a program' '--most:How many at most') ;;
    'operator families') commands=( 'list:List the families by their first guardians' 'show:Show who belongs to the family of an account') flags=() ;;
    'operator families list') commands=() flags=( '--json:Print JSON, for a program' '--prefix:Beginning of the username of the first guardian') ;;
    'operator families show') commands=() flags=( '--json:Print JSON, for a program') ;;
    'operator invites') commands=( 'list:List the invites to sign up, the newest first' 'make:Make an invite to sign up  by mail, as a link, or both' 'withdraw:Take back an invite to sign up') flags=() ;;
    'operator invites list') commands=() flags=( '--json:Print JSON, for a program' '--open:Only those that can be accepted' '--most:How many at most') ;;
    'operator invites make') commands=() flags=( '--json:Print JSON, for a program' '--to:Email address to which the invite is mailed' '--link:Make a link as well as the mail' '--name:Name that the page greets' '--uses:How many people may accept the link' '--until:Last day on which it can be accepted, in UTC, as 2026-12-31' '--note:Text that the page shows') ;;
    'operator invites withdraw') commands=() flags=() ;;
    'operator messages') commands=( 'list:List the messages to everybody, the newest first' 'make:Show a message above all pages, and mail it if wanted' 'withdraw:Take a message off the pages and stop its mails') flags=() ;;
    'operator messages list') commands=() flags=( '--json:Print JSON, for a program' '--most:How many at most') ;;
    'operator messages make') commands=() flags=( '--json:Print JSON, for a program' '--title:Title, with its language  en=Maintenance tonight' '--text:Text below the title, with its language' '--kind:information or warning' '--from:When pages begin to show it, in UTC, as 2026-12-31T22 00' '--until:When pages cease to show it, in the same form' '--to-strangers:Also show it to people who are not signed in' '--mail:Mail it once to everybody who has an address') ;;
    'operator messages withdraw') commands=() flags=() ;;
    'operator throttles') commands=() flags=( '--json:Print JSON, for a program') ;;
    'operator settings') commands=() flags=( '--json:Print JSON, for a program') ;;
    'operator set') commands=() flags=() ;;
    'operator unset') commands=() flags=() ;;
    'operator webhooks') commands=( 'list:List the webhooks of the operators' 'add:Add a webhook' 'on:Switch a webhook on' 'off:Switch a webhook off' 'test:Send a test' 'log:List the messages of a webhook, the newest first' 'replay:Send a message again' 'address:Give a webhook another address' 'secret:Replace the secret of the signatures, and print the new one' 'remove:Delete a webhook') flags=() ;;
    'operator webhooks list') commands=() flags=( '--json:Print JSON, for a program') ;;
    'operator webhooks add') commands=() flags=( '--json:Print JSON, for a program' '--address:Where the messages go; nothing for Telegram' '--room:The room of Matrix or the chat of Telegram' '--token:Read the token from the first line of standard input' '--form:signed, ntfy, gotify, discord, matrix or telegram' '--events:What it hears of, separated by commas; everything without this flag' '--language:Language of the messages') ;;
    'operator webhooks on') commands=() flags=() ;;
    'operator webhooks off') commands=() flags=() ;;
    'operator webhooks test') commands=() flags=() ;;
    'operator webhooks log') commands=() flags=( '--json:Print JSON, for a program') ;;
    'operator webhooks replay') commands=() flags=() ;;
    'operator webhooks address') commands=() flags=( '--address:Where the messages go; nothing for Telegram' '--room:The room of Matrix or the chat of Telegram' '--token:Read the token from the first line of standard input') ;;
    'operator webhooks secret') commands=() flags=() ;;
    'operator webhooks remove') commands=() flags=() ;;
    'operator lift') commands=() flags=() ;;
    'doctor') commands=() flags=( '--json:Print JSON, for a program' '--dkim-selector:Look for the key of DKIM under this name, too') ;;
    'setup') commands=( 'ask:Ask here what the page /welcome asks' 'code:Print the code and the link with which the service is set up in a browser') flags=() ;;
    'setup ask') commands=() flags=() ;;
    'setup code') commands=() flags=() ;;
    'healthcheck') commands=() flags=() ;;
    'completion') commands=( 'bash:The script for bash.' 'zsh:The script for zsh.' 'fish:The script for fish.') flags=() ;;
    'version') commands=() flags=() ;;
    'demo') commands=() flags=( '--agent-listen:Address and port of the demo s media server, on this machine' '--keep:Keep everything that the demo writes, in this new folder') ;;
    'agent') commands=( 'run:Run the agent until it is told to stop' 'setup:Ask for the settings that the agent needs, try them, and write them to a file' 'status:Show the registration of the agent and its state' 'check:Check the media server, its addresses, the proxy and this machine, and say what is wrong and what to do' 'users:List the local users of the media server with their links, or manage the local users of the builtin media server' 'link:Ask the account with a username to be linked with a local user, and allow that local user' 'allow:Let the service sign people in as a local user' 'disallow:No longer let the service sign people in as a local user, and end the local tokens that the agent gave for that local user' 'unlink:End the link of a local user, who is then no longer allowed' 'unlock:Open the unlocked level of a local user for some minutes, without a PIN and also while the service is away' 'lock:Close what is unlocked for a local user' 'levels:List the local users with levels  what holds now, until when, and what was changed by hand' 'invite:Invite a guest, by mail or with a link and a QR code' 'invites:List the invites that wait for an answer, or withdraw one' 'import:Invite the people of a list  a CSV file, or what Wizarr or jfa-go has stored' 'builtin:Run only the builtin media server, beside an agent whose media-server-url is its address' 'healthcheck:Ask the running agent whether it is ready' 'config:Print the effective settings, each with its origin; secrets are masked') flags=() ;;
    'agent run') commands=() flags=() ;;
    'agent setup') commands=() flags=( '--force:Replace the existing file of settings') ;;
    'agent status') commands=() flags=() ;;
    'agent check') commands=() flags=( '--json:Print the results as JSON, for programs') ;;
    'agent users') commands=( 'list:List the local users of the media server with their links' 'add:Create a local user (builtin media server)' 'hide:Remove a local user from the list on sign-in pages (builtin media server)' 'show:Show a local user in the list on sign-in pages (builtin media server)' 'disable:Disable a local user and sign them out on all devices (builtin media server)' 'enable:Enable a disabled local user again (builtin media server)' 'password:Set the password of a local user and sign out their devices (builtin media server)' 'limit:Limit what a local user sees of the catalogue (builtin media server)' 'picture:Give a local user a picture (builtin media server)') flags=() ;;
    'agent users list') commands=() flags=() ;;
    'agent users add') commands=() flags=( '--admin:Make them an administrator of the media server' '--hidden:Leave them out of the list on sign-in pages') ;;
    'agent users hide') commands=() flags=() ;;
    'agent users show') commands=() flags=() ;;
    'agent users disable') commands=() flags=() ;;
    'agent users enable') commands=() flags=() ;;
    'agent users password') commands=() flags=() ;;
    'agent users limit') commands=() flags=( '--max-rating:Hide what is rated higher, for example PG-13, FSK-12 or 12; any shows every rating' '--unrated:Whether things without a rating are shown  show or hide' '--hide-tags:Hide what has one of these tags; an empty text hides none' '--only-tags:Show only what has one of these tags; an empty text shows all') ;;
    'agent users picture') commands=() flags=() ;;
    'agent link') commands=() flags=( '--as:Name of the asking admin, as the person will read it') ;;
    'agent allow') commands=() flags=( '--listed:Allow all local users that this command lists without arguments') ;;
    'agent disallow') commands=() flags=() ;;
    'agent unlink') commands=() flags=() ;;
    'agent unlock') commands=() flags=( '--minutes:How long, from 1 to 1440 minutes') ;;
    'agent lock') commands=() flags=() ;;
    'agent levels') commands=() flags=() ;;
    'agent invite') commands=() flags=( '--link:Make a link with a QR code, which you hand on yourself' '--family:Invite the whole family of a guardian, who chooses which members get a link' '--name:Name that the page greets, such as  Aunt Nina ' '--uses:How many people may use the link  1 to 100' '--expires:Last day on which the invite can be accepted' '--profile:Choices that the owner has saved at the service under this name' '--library:Library that the guest may see, by name or id' '--until:Last day of the person at the server' '--note:A few words for the person') ;;
    'agent invites') commands=( 'list:List the invites that wait for an answer, also those that the owner made at the service' 'withdraw:Withdraw an invite that waits for an answer') flags=() ;;
    'agent invites list') commands=() flags=() ;;
    'agent invites withdraw') commands=() flags=() ;;
    'agent import') commands=() flags=( '--dry-run:Only say what would happen, line by line' '--json:Print the result as JSON, for programs' '--profile:Choices that the owner has saved at the service under this name' '--server:Which media server, if Wizarr has several') ;;
    'agent builtin') commands=() flags=( '--agent-url:Address at which  latchkey agent  listens') ;;
    'agent healthcheck') commands=() flags=() ;;
    'agent config') commands=() flags=() ;;
  esac
  if [[ $PREFIX == -* ]]; then
    case $place in
      agent|'agent '*) flags+=( '--help:Show context-sensitive help' '--config:YAML file with settings; its keys are the names of the flags' '--data-dir:Folder for the agent s own data  links, tokens, the local users of the builtin media server' '--service:Public address of the Latchkey service' '--plain-http:Allow an address of the service that starts with http //, although the service is on another machine' '--claim-code:Code from the page /servers/new of the service' '--media-server:The media server with which the agent works  a Jellyfin server, version 10.9 or later; an Emby server, version 4.8 or later, where less is possible (see docs/agent.md); or the small built-in one, which has local users and no media' '--media-server-url:Address at which the agent reaches the media server, with the path below which it is if it has one, such as /jellyfin' '--api-key:API key of the Jellyfin or Emby server, made in its dashboard' '--server-name:Name of the builtin media server' '--catalogue:YAML file with libraries and items that the builtin media server shows although it has no media, or demo for the catalogue that the program contains' '--listen:Address and port to listen on' '--addresses:Addresses at which people reach the media server from outside, separated by commas, the best one first' '--report-lan:Report the addresses of this machine in the home network to the service' '--report-wan:Report that the media server can also be reached at the public address from which the service sees this machine' '--trusted-proxies:Addresses and networks of the reverse proxies in front, separated by commas' '--discovery:Answer apps that look for media servers in the home network (UDP port 7359)' '--allow-admins:Allow links to administrators of the media server' '--allow-all-users:Let people in as any local user to whom the service links them' '--create-users:Make a local user for each guest' '--delete-guests:When the link of a guest ends, delete the guest s local user and the record of what they watched' '--guest-libraries:Libraries for guests whose invite names no library  names or ids, separated by commas' '--guest-limit:The largest number of guests' '--guests-hourly:The largest number of local users that are made for guests within an hour' '--levels:Whose limits at the media server the service may change by levels and unlocks  of guests alone, of all linked local users, or of nobody' '--televisions:As whom the owner of the server may sign in a television, with the six digits that it shows  as guests alone, as all linked local users, or as nobody' '--offline-trust:How long devices can still get in with their access keys while the service cannot be reached' '--secret-key:The key from which the keys for the agent s encrypted data are made  any text of 32 characters or more' '--log-format:Format of the log' '--log-level:Least severe entries that are logged' '--at:The Latchkey that the command is about, where this agent works for several  main, or the name that was given to  latchkey agent setup --at ') ;;
      *) flags+=( '--help:Show context-sensitive help' '--dev:Development mode  plain http, mails written into a folder, keys made on first use' '--config:YAML file with settings; its keys are the names of the flags' '--data-dir:Folder for the service s own files  the embedded database, the secret key if no setting gives it, and in development the mails' '--listen:Address and port to listen on' '--public-url:Address at which people reach the service  scheme and host, without a path' '--trusted-proxies:Addresses and networks of the reverse proxies in front, separated by commas' '--busy-addresses:Addresses and networks behind which there are many people, each with a number from 2 to 1000, separated by commas' '--service-name:Name of the service on its pages and in its mails' '--operator-name:Who runs the service, in words that its people know' '--security-contact:Where people can report a security problem  an email address or an https address' '--database:Where the data is kept  sqlite PATH, or mysql //user password@host port/name for MySQL and MariaDB' '--database-connections:Largest number of connections to the database that are open at once' '--sqlite-cache:How much of an SQLite database each connection copies into the program s own memory, in MiB' '--sqlite-map:How much of an SQLite database each connection maps into memory, in MiB, from the beginning of the file' '--secret-key:The key from which all tokens, the pepper of passwords and PINs and all encryption are made  any text of 32 characters or more;  openssl rand -base64 48  makes a good one' '--secret-key-previous:The previous secret key, while you change to a new one' '--backup-folder:Folder into which the service writes a backup of its database regularly, while it runs' '--backup-at:Time of the day at which the backup is made, by the time zone of this machine' '--backup-every:Time between two backups, if backup-at is not set' '--backup-keep:How many of its backups the service keeps in the folder' '--backup-recipients:Public keys of age (age-keygen makes a pair), separated by commas' '--mail-url:How mails are sent  smtp //user password@host 587 (STARTTLS is required), smtps //user password@host 465, smtp+plain //localhost 25 for a relay on this machine that has no TLS (with ?network=private at its end also for a relay in your private network), or dir PATH, which writes each mail into an .eml file' '--mail-from:Sender of the mails' '--sign-up:Who can sign up  anybody (open), only people with an invite (invite), or nobody (closed)' '--password-min-length:Least number of characters of a password' '--family-limit:How many members a family may have, and how many grown people besides' '--captcha:How programs are kept from sending the forms that are open to anybody  proof of work in the browser (pow, no third party), Google s reCAPTCHA v2 checkbox (recaptcha), or not at all (off)' '--recaptcha-site-key:Site key from Google; it must be set with captcha=recaptcha' '--recaptcha-secret:Secret from Google; it must be set with captcha=recaptcha' '--connect-register:How apps that speak the Emby Connect protocol can sign people up  only with a solved captcha (captcha; few apps can show one, the others get the address of the sign-up page), without a captcha (open), or not at all (off)' '--connect-servers:Which media servers can register  any server (open; strict limits hold until somebody claims it), only servers with a claim code (claimed), or no server (off)' '--try-from-outside:Whether owners can let this service ask the public addresses of their own server, to see whether it can be reached from outside' '--legacy-md5-login:Let old clients sign in with an MD5 of the password instead of the password' '--webhook-networks:Private addresses and networks to which webhooks may lead, separated by commas, for a ntfy or Gotify at home; there, addresses may begin with http' '--session-idle:A browser is signed out if it was not used for this long' '--sessions-most:How many browsers may be signed in to one account, and how many devices besides' '--session-life:A browser is signed out after this time, even if it is used' '--device-idle:A device, such as a TV, is signed out if it was not used for this long' '--device-life:A device is signed out after this time, even if it is used' '--confirm-life:Time to confirm a new account' '--reset-life:How long the link to set a new password works' '--pin-reset-life:How long the link to set a new PIN works' '--email-change-life:Time to confirm a new email address of an account' '--email-undo-life:How long the owner of the old email address can undo a change to another address' '--captcha-life:Time in which a proof of work must be solved and sent' '--history-life:How long an account s history (sign-ins, changes) is kept' '--log-format:Format of the log' '--log-level:Least severe entries that are logged' '--metrics-listen:Address and port at which Prometheus can read numbers about the service, at /metrics' '--memory-limit:Soft limit of the program s own memory in MiB  near it, unused memory is collected more often, which costs CPU and never refuses anything' '--drain-delay:When the service stops  time between reporting that it is not ready and refusing connections, so that a proxy can send requests elsewhere first') ;;
    esac
    _describe 'flag' flags
  elif (( $#commands )); then
    _describe 'command' commands
  else
    _files
  fi
}
_latchkey "$@"
