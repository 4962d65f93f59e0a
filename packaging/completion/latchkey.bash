# Completion of latchkey for bash; made by: latchkey completion bash
_latchkey() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path='' candidates='' flags='' at word
  if [[ $current == '=' ]]; then current=''; elif [[ $before == '=' ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    case "${path:+$path }$word" in
    'serve'|'migrate'|'config'|'account'|'account create'|'account confirm'|'account disable'|'account enable'|'account unlock'|'account operator'|'account send-reset'|'account end-sessions'|'account list'|'account delete'|'server'|'server list'|'server show'|'server disable'|'server enable'|'server remove'|'mail'|'mail test'|'mail list'|'mail retry'|'mail drop'|'mail stop'|'mail allow'|'mail stopped'|'backup'|'restore'|'copy'|'operator'|'operator overview'|'operator history'|'operator families'|'operator families list'|'operator families show'|'operator invites'|'operator invites list'|'operator invites make'|'operator invites withdraw'|'operator messages'|'operator messages list'|'operator messages make'|'operator messages withdraw'|'operator throttles'|'operator settings'|'operator set'|'operator unset'|'operator webhooks'|'operator webhooks list'|'operator webhooks add'|'operator webhooks on'|'operator webhooks off'|'operator webhooks test'|'operator webhooks log'|'operator webhooks replay'|'operator webhooks address'|'operator webhooks secret'|'operator webhooks remove'|'operator lift'|'doctor'|'setup'|'setup ask'|'setup code'|'healthcheck'|'completion'|'version'|'demo'|'agent'|'agent run'|'agent setup'|'agent status'|'agent check'|'agent users'|'agent users list'|'agent users add'|'agent users hide'|'agent users show'|'agent users disable'|'agent users enable'|'agent users password'|'agent users limit'|'agent users picture'|'agent link'|'agent allow'|'agent disallow'|'agent unlink'|'agent unlock'|'agent lock'|'agent levels'|'agent invite'|'agent invites'|'agent invites list'|'agent invites withdraw'|'agent import'|'agent builtin'|'agent healthcheck'|'agent config') path=${path:+$path }$word ;;
    esac
  done
  case $before in
  --captcha) mapfile -t COMPREPLY < <(compgen -W 'pow recaptcha off' -- "$current"); return ;;
  --connect-register) mapfile -t COMPREPLY < <(compgen -W 'captcha open off' -- "$current"); return ;;
  --connect-servers) mapfile -t COMPREPLY < <(compgen -W 'open claimed off' -- "$current"); return ;;
  --discovery) mapfile -t COMPREPLY < <(compgen -W 'auto on off' -- "$current"); return ;;
  --levels) mapfile -t COMPREPLY < <(compgen -W 'guests linked off' -- "$current"); return ;;
  --log-format) mapfile -t COMPREPLY < <(compgen -W 'json text' -- "$current"); return ;;
  --log-level) mapfile -t COMPREPLY < <(compgen -W 'debug info warn error' -- "$current"); return ;;
  --media-server) mapfile -t COMPREPLY < <(compgen -W 'jellyfin emby builtin' -- "$current"); return ;;
  --sign-up) mapfile -t COMPREPLY < <(compgen -W 'open invite closed' -- "$current"); return ;;
  --televisions) mapfile -t COMPREPLY < <(compgen -W 'guests linked off' -- "$current"); return ;;
  --try-from-outside) mapfile -t COMPREPLY < <(compgen -W 'on off' -- "$current"); return ;;
  esac
  case $path in
    '') candidates='serve migrate config account server mail backup restore copy operator doctor setup healthcheck completion version demo agent' flags='' ;;
    'serve') candidates='' flags='--restored' ;;
    'migrate') candidates='' flags='' ;;
    'config') candidates='' flags='--json' ;;
    'account') candidates='create confirm disable enable unlock operator send-reset end-sessions list delete' flags='' ;;
    'account create') candidates='' flags='--display-name --language --password-stdin' ;;
    'account confirm') candidates='' flags='' ;;
    'account disable') candidates='' flags='' ;;
    'account enable') candidates='' flags='' ;;
    'account unlock') candidates='' flags='' ;;
    'account operator') candidates='' flags='' ;;
    'account send-reset') candidates='' flags='' ;;
    'account end-sessions') candidates='' flags='' ;;
    'account list') candidates='' flags='--json' ;;
    'account delete') candidates='' flags='--yes' ;;
    'server') candidates='list show disable enable remove' flags='' ;;
    'server list') candidates='' flags='--json' ;;
    'server show') candidates='' flags='' ;;
    'server disable') candidates='' flags='' ;;
    'server enable') candidates='' flags='' ;;
    'server remove') candidates='' flags='--yes' ;;
    'mail') candidates='test list retry drop stop allow stopped' flags='' ;;
    'mail test') candidates='' flags='--language' ;;
    'mail list') candidates='' flags='--json' ;;
    'mail retry') candidates='' flags='' ;;
    'mail drop') candidates='' flags='' ;;
    'mail stop') candidates='' flags='' ;;
    'mail allow') candidates='' flags='' ;;
    'mail stopped') candidates='' flags='' ;;
    'backup') candidates='' flags='--to --plain --replace --json' ;;
    'restore') candidates='' flags='--identity --replace --check --unproven --json' ;;
    'copy') candidates='' flags='--from --to --json' ;;
    'operator') candidates='overview history families invites messages throttles settings set unset webhooks lift' flags='' ;;
    'operator overview') candidates='' flags='--json' ;;
    'operator history') candidates='' flags='--json --most' ;;
    'operator families') candidates='list show' flags='' ;;
    'operator families list') candidates='' flags='--json --prefix' ;;
    'operator families show') candidates='' flags='--json' ;;
    'operator invites') candidates='list make withdraw' flags='' ;;
    'operator invites list') candidates='' flags='--json --open --most' ;;
    'operator invites make') candidates='' flags='--json --to --link --name --uses --until --note' ;;
    'operator invites withdraw') candidates='' flags='' ;;
    'operator messages') candidates='list make withdraw' flags='' ;;
    'operator messages list') candidates='' flags='--json --most' ;;
    'operator messages make') candidates='' flags='--json --title --text --kind --from --until --to-strangers --mail' ;;
    'operator messages withdraw') candidates='' flags='' ;;
    'operator throttles') candidates='' flags='--json' ;;
    'operator settings') candidates='' flags='--json' ;;
    'operator set') candidates='' flags='' ;;
    'operator unset') candidates='' flags='' ;;
    'operator webhooks') candidates='list add on off test log replay address secret remove' flags='' ;;
    'operator webhooks list') candidates='' flags='--json' ;;
    'operator webhooks add') candidates='' flags='--json --address --room --token --form --events --language' ;;
    'operator webhooks on') candidates='' flags='' ;;
    'operator webhooks off') candidates='' flags='' ;;
    'operator webhooks test') candidates='' flags='' ;;
    'operator webhooks log') candidates='' flags='--json' ;;
    'operator webhooks replay') candidates='' flags='' ;;
    'operator webhooks address') candidates='' flags='--address --room --token' ;;
    'operator webhooks secret') candidates='' flags='' ;;
    'operator webhooks remove') candidates='' flags='' ;;
    'operator lift') candidates='' flags='' ;;
    'doctor') candidates='' flags='--json --dkim-selector' ;;
    'setup') candidates='ask code' flags='' ;;
    'setup ask') candidates='' flags='' ;;
    'setup code') candidates='' flags='' ;;
    'healthcheck') candidates='' flags='' ;;
    'completion') candidates='bash zsh fish' flags='' ;;
    'version') candidates='' flags='' ;;
    'demo') candidates='' flags='--agent-listen --keep' ;;
    'agent') candidates='run setup status check users link allow disallow unlink unlock lock levels invite invites import builtin healthcheck config' flags='' ;;
    'agent run') candidates='' flags='' ;;
    'agent setup') candidates='' flags='--force' ;;
    'agent status') candidates='' flags='' ;;
    'agent check') candidates='' flags='--json' ;;
    'agent users') candidates='list add hide show disable enable password limit picture' flags='' ;;
    'agent users list') candidates='' flags='' ;;
    'agent users add') candidates='' flags='--admin --hidden' ;;
    'agent users hide') candidates='' flags='' ;;
    'agent users show') candidates='' flags='' ;;
    'agent users disable') candidates='' flags='' ;;
    'agent users enable') candidates='' flags='' ;;
    'agent users password') candidates='' flags='' ;;
    'agent users limit') candidates='' flags='--max-rating --unrated --hide-tags --only-tags' ;;
    'agent users picture') candidates='' flags='' ;;
    'agent link') candidates='' flags='--as' ;;
    'agent allow') candidates='' flags='--listed' ;;
    'agent disallow') candidates='' flags='' ;;
    'agent unlink') candidates='' flags='' ;;
    'agent unlock') candidates='' flags='--minutes' ;;
    'agent lock') candidates='' flags='' ;;
    'agent levels') candidates='' flags='' ;;
    'agent invite') candidates='' flags='--link --family --name --uses --expires --profile --library --until --note' ;;
    'agent invites') candidates='list withdraw' flags='' ;;
    'agent invites list') candidates='' flags='' ;;
    'agent invites withdraw') candidates='' flags='' ;;
    'agent import') candidates='' flags='--dry-run --json --profile --server' ;;
    'agent builtin') candidates='' flags='--agent-url' ;;
    'agent healthcheck') candidates='' flags='' ;;
    'agent config') candidates='' flags='' ;;
  esac
  case $path in
    agent|'agent '*) flags+=' --help --config --data-dir --service --plain-http --claim-code --media-server --media-server-url --api-key --server-name --catalogue --listen --addresses --report-lan --report-wan --trusted-proxies --discovery --allow-admins --allow-all-users --create-users --delete-guests --guest-libraries --guest-limit --guests-hourly --levels --televisions --offline-trust --secret-key --log-format --log-level --at' ;;
    *) flags+=' --help --dev --config --data-dir --listen --public-url --trusted-proxies --busy-addresses --service-name --operator-name --security-contact --database --database-connections --sqlite-cache --sqlite-map --secret-key --secret-key-previous --backup-folder --backup-at --backup-every --backup-keep --backup-recipients --mail-url --mail-from --sign-up --password-min-length --family-limit --captcha --recaptcha-site-key --recaptcha-secret --connect-register --connect-servers --try-from-outside --legacy-md5-login --webhook-networks --session-idle --sessions-most --session-life --device-idle --device-life --confirm-life --reset-life --pin-reset-life --email-change-life --email-undo-life --captcha-life --history-life --log-format --log-level --metrics-listen --memory-limit --drain-delay' ;;
  esac
  if [[ $current == -* ]]; then candidates=$flags; fi
  mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$current")
}
complete -o default -F _latchkey latchkey latchkeyctl
