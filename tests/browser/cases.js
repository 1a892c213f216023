// What the pages promise, one behaviour a case. In: tools of run.js. Out: an exception where a promise is broken.
'use strict';

module.exports = {
    cases: [
        ...require('./cases_socket.js'),
        ...require('./cases_jsonrpc.js'),
        ...require('./cases_chat.js'),
        ...require('./cases_chat_talks.js'),
        ...require('./cases_connection.js'),
        ...require('./cases_exchange.js'),
        ...require('./cases_signin.js'),
        ...require('./cases_return.js'),
        ...require('./cases_users.js'),
        ...require('./cases_sql.js'),
        ...require('./cases_sql_rows.js'),
        ...require('./cases_sql_file.js'),
        ...require('./cases_people.js'),
    ],
};
