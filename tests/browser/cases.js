// What the pages promise, one behaviour a case. In: tools of run.js. Out: an exception where a promise is broken.
'use strict';

module.exports = {
    cases: [
        ...require('./cases_connection.js'),
        ...require('./cases_exchange.js'),
        ...require('./cases_people.js'),
    ],
};
