// A TV with a Jellyfin app, played by Jellyfin's own SDK. It asks for a Quick Connect code, waits until somebody approves it, and
// reads who it is signed in as. Each thing that happens is one line of JSON. At each line on its input it reads again who it is.
// usage: node jellyfin_tv.mjs SDK-FOLDER SERVER-URL
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [, , folder, server] = process.argv;
const sdk = (path) => import(pathToFileURL(`${folder}/node_modules/@jellyfin/sdk/lib/${path}`).href);
const { Jellyfin } = await sdk('index.js');
const { getAuthenticationApi } = await sdk('utils/api/authentication-api.js');
const { getUserApi } = await sdk('utils/api/user-api.js');

const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const api = new Jellyfin({
  clientInfo: { name: 'Den TV', version: '3.2.1' },
  deviceInfo: { name: 'Grandmother’s "big" TV, upstairs', id: 'den-tv-0001' },
}).createApi(server);

const whoAmI = async () => {
  try {
    const { data } = await getUserApi(api).getCurrentUser();
    say({ id: data.Id, name: data.Name });
  } catch (problem) {
    say({ status: problem.response?.status ?? 0 });
  }
};

const authentication = getAuthenticationApi(api);
const { data: asked } = await authentication.initiateQuickConnect();
say({ code: asked.Code });
for (;;) {
  const { data: state } = await authentication.getQuickConnectState({ secret: asked.Secret });
  if (state.Authenticated) break;
  await new Promise((later) => setTimeout(later, 300));
}
await authentication.authenticateWithQuickConnect({ quickConnectDto: { Secret: asked.Secret } });
await whoAmI();
for await (const _ of createInterface({ input: process.stdin })) await whoAmI();
