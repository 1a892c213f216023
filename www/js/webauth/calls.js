// The methods of authrpc (conf/jsonrpc-methods.md). In: a JsonRpc client. Out: promises; refusals, which ouistiti's methods give
// as results, are errors like all others.

import { RpcError } from '../jsonrpc.js';

export class Calls {
    #rpc;

    constructor(rpc) {
        this.#rpc = rpc;
    }

    async #call(method, params) {
        const result = await this.#rpc.call(method, params);
        if (typeof result?.code === 'number')
            throw new RpcError({ code: result.code, message: result.message, data: result });
        return result;
    }

    whoAmI() {
        return this.#call('whoami');
    }

    signIn(user, passwd) {
        return this.#call('auth', { user, passwd });
    }

    signOut() {
        return this.#call('signout');
    }

    /** One's own password. */
    changePassword(old, fresh, confirm) {
        return this.#call('passwd', { old, new: fresh, confirm });
    }

    /** Of somebody else, as administrator. */
    setPassword(user, fresh, confirm) {
        return this.#call('passwd', { user, new: fresh, confirm });
    }

    add({ user, passwd, group, home, status }) {
        const params = { user, passwd, status };
        if (group) params.group = group;
        if (home) params.home = home;
        return this.#call('adduser', params);
    }

    change(user, { group, home, status }) {
        return this.#call('moduser', { user, group, home, status });
    }

    remove(user) {
        return this.#call('rmuser', { user });
    }

    users(after = '') {
        return this.#call('listusers', { after, limit: 100 });
    }

    async groups() {
        return (await this.#call('listgroups')).groups;
    }
}

/** What went wrong, as a person reads it. */
export function describe(error) {
    const words = {
        'user or password not found': 'That password was not right.',
        'incomplete command': 'Something is missing.',
        'confirm new password': 'The two new passwords differ.',
        'permission denied': 'You are not permitted to do that.',
    }[error.message];
    return words ?? error.message;
}
