import type { Image } from '../../image/image.ts';
import { resolveUser } from '../../image/user.ts';
import type { ContainerConfig } from './record.ts';
import type { LiveState } from './state.ts';

/**
 * Whom a container runs as: what was asked for, looked up in the image's own passwd and group files.
 * Errors: `not_found` for a name the image does not have.
 */
export async function containerUser(
  rootfs: string,
  { user }: ContainerConfig,
  image: Image,
): Promise<LiveState['user']> {
  const found = await resolveUser(rootfs, userSpec(user, image.config.user));
  const fromImage = user.mergeImageGroups ? found.groups : [];
  return {
    uid: found.uid,
    gid: user.gid ?? found.gid,
    additionalGids: [...new Set([...user.supplementalGroups, ...fromImage])],
  };
}

/**
 * The kubelet sends the uid of an image's `USER uid:gid` without the gid: that uid then still means the
 * image's user, group and all.
 */
function userSpec(user: ContainerConfig['user'], imageUser: string): string {
  if (user.uid !== null) return imageUser.startsWith(`${user.uid}:`) ? imageUser : String(user.uid);
  return user.username === '' ? imageUser : user.username;
}
