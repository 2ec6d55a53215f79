"""Every route of Google's two surfaces, and how it is weighed.

`metered`: its answer holds usage. `settled`: it is paid by what is read of it later. `told`: free,
and read because it tells of something that is paid for. `free`: nothing is charged. `unmetered`:
charged or not, its answer does not say; the row shows that.
"""

DEVELOPER = """
POST /v1/models/m:generateContent generateContent m metered labels
POST /v1beta/models/m:streamGenerateContent?alt=sse streamGenerateContent m metered labels
POST /v1beta/models/m:streamGenerateContent streamGenerateContent m metered labels
POST /v1alpha/tunedModels/t:generateContent generateContent tunedModels/t metered labels
POST /v1beta/tunedModels/t:streamGenerateContent streamGenerateContent tunedModels/t metered labels
POST /v1beta/dynamic/d:generateContent generateContent dynamic/d metered labels
POST /v1beta/models/m:countTokens                   countTokens            m            free
POST /v1beta/models/m:embedContent                  embedContent           m            metered
POST /v1beta/models/m:batchEmbedContents            batchEmbedContents     m            metered
POST /v1beta/models/m:asyncBatchEmbedContent        asyncBatchEmbedContent m            settled
POST /v1beta/models/m:batchGenerateContent          batchGenerateContent   m            settled
GET /v1beta/batches                                listBatches            -            told
GET /v1beta/batches/b                              getBatch               -            told
DELETE /v1beta/batches/b                              deleteBatch            -            free
POST /v1beta/batches/b:cancel                       cancelBatch            -            free
POST /v1beta/models/imagen-4:predict                predict                imagen-4     metered
POST /v1beta/models/veo-3:predictLongRunning        predictLongRunning     veo-3        settled asks
POST /v1beta/models/aqa:generateAnswer              generateAnswer         aqa          unmetered
POST /v1beta2/models/p:generateText                 generateText           p            unmetered
POST /v1beta2/models/p:embedText                    embedText              p            unmetered
POST /v1beta3/models/p:batchEmbedText               batchEmbedText         p            unmetered
POST /v1beta3/models/p:countTextTokens              countTextTokens        p            free
POST /v1beta2/models/p:generateMessage              generateMessage        p            unmetered
POST /v1beta2/models/p:countMessageTokens           countMessageTokens     p            free
POST /v1beta/cachedContents                         createCachedContent    -            metered asks
GET /v1beta/cachedContents                         listCachedContents     -            told
GET /v1beta/cachedContents/c                       getCachedContent       -            told
PATCH /v1beta/cachedContents/c?updateMask=ttl        updateCachedContent    -            told
DELETE /v1beta/cachedContents/c                       deleteCachedContent    -            told
GET /v1beta/files                                  listFiles              -            free
POST /v1beta/files                                  createFile             -            free
GET /v1beta/files/f                                getFile                -            free
DELETE /v1beta/files/f                                deleteFile             -            free
GET /v1beta/files/f:download?alt=media             downloadFile           -            told
GET /download/v1beta/files/f:download?alt=media    downloadFile           -            told
POST /upload/v1beta/files                           uploadFile             -            free
POST /upload/v1/files?upload_id=u                   uploadFile             -            free
POST /v1beta/files:register                         registerFiles          -            free
POST /v1beta/fileSearchStores                       createFileSearchStore  -            free
GET /v1beta/fileSearchStores                       listFileSearchStores   -            free
GET /v1beta/fileSearchStores/s                     getFileSearchStore     -            free
DELETE /v1beta/fileSearchStores/s?force=true          deleteFileSearchStore  -            free
POST /v1beta/fileSearchStores/s:importFile          importFile             -            unmetered
POST /upload/v1beta/fileSearchStores/s:uploadToFileSearchStore uploadToFileSearchStore - unmetered
GET /v1beta/fileSearchStores/s/documents           listDocuments          -            free
GET /v1beta/fileSearchStores/s/documents/d         getDocument            -            free
DELETE /v1beta/fileSearchStores/s/documents/d         deleteDocument         -            free
GET /v1beta/fileSearchStores/s/operations/o        getOperation           -            told
GET /v1beta/fileSearchStores/s/upload/operations/o getOperation           -            told
GET /v1beta/models                                 listModels             -            free
GET /v1beta/models/m                               getModel               m            free
GET /v1beta/tunedModels                            listTunedModels        -            free
GET /v1beta/tunedModels/t                          getTunedModel          tunedModels/t free
POST /v1beta/tunedModels                            createTunedModel       -            unmetered
PATCH /v1beta/tunedModels/t                          updateTunedModel       tunedModels/t free
DELETE /v1beta/tunedModels/t                          deleteTunedModel       tunedModels/t free
GET /v1beta/operations                             listOperations         -            free
GET /v1beta/operations/o                           getOperation           -            told
GET /v1beta/models/m/operations/o                  getOperation           m            told
GET /v1beta/tunedModels/t/operations               listOperations         tunedModels/t free
GET /v1beta/generatedFiles/g/operations/o          getOperation           -            told
GET /v1beta/ragStores/r/upload/operations/o        getOperation           -            told
POST /v1beta/corpora                                createCorpus           -            free
GET /v1beta/corpora/c                              getCorpus              -            free
POST /v1beta/corpora/c:query                        queryCorpus            -            free
POST /v1beta/corpora/c/documents/d/chunks           createChunk            -            free
POST /v1beta/corpora/c/documents/d/chunks:batchCreate batchCreateChunks      -            free
GET /v1beta/corpora/c/permissions                  listPermissions        -            free
POST /v1beta/tunedModels/t/permissions              createPermission       tunedModels/t free
POST /v1beta/tunedModels/t:transferOwnership        transferOwnership      tunedModels/t free
POST /v1beta/interactions                           createInteraction      -            metered asks
GET /v1beta/interactions/i                         getInteraction         -            told
GET /v1beta/interactions/i?stream=true             getInteraction         -            told
DELETE /v1beta/interactions/i                         deleteInteraction      -            free
POST /v1beta/interactions/i/cancel                  cancelInteraction      -            free
POST /v1beta/interactions/i:cancel                  cancelInteraction      -            free
POST /v1beta/agents                                 createAgent            -            free
GET /v1beta/agents/a                               getAgent               -            free
POST /v1beta/environments                           createEnvironment      -            unmetered
GET /v1beta/environments/e                         getEnvironment         -            free
GET /v1beta/environments/e/files/some/path.txt     downloadEnvironmentFile -            free
POST /upload/v1beta/environments/e/files/some/path  uploadEnvironmentFile  -            free
POST /v1beta/credentials                            createCredential       -            free
DELETE /v1beta/credentials/c                          deleteCredential       -            free
POST /v1beta/webhooks                               createWebhook          -            free
POST /v1beta/webhooks/w:ping                        pingWebhook            -            free
POST /v1beta/webhooks/w:rotateSigningSecret         rotateSigningSecret    -            free
POST /v1beta/triggers                               createTrigger          -            free
POST /v1beta/triggers/t/executions                  createExecution        -            unmetered
GET /v1beta/voices                                 listVoices             -            free
POST /v1beta/decisions                              createDecision         -            metered asks
POST /v1alpha/auth_tokens                           createAuthToken        -            free
GET /ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent live - -
GET /ws/google.ai.generativelanguage.v1.GenerativeService.BidiGenerateContentConstrained live - -
GET /ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateMusic liveMusic - -
POST /v1beta/openai/chat/completions                chat.completions       -            metered asks
POST /v1beta/openai/embeddings                      embeddings             -            metered asks
POST /v1beta/openai/images/generations              images.generations     -            metered asks
GET /v1beta/openai/models                          listModels             -            free
GET /v1beta/openai/models/gemini-2.5-flash         getModel               -            free
POST /v1beta/openai/files                           uploadFile             -            free
GET /v1beta/openai/files/f/content                 getFileContent         -            free
POST /v1beta/openai/batches                         createOpenAiBatch      -            unmetered
GET /v1beta/openai/batches/b                       getOpenAiBatch         -            free
GET /$discovery/rest?version=v1beta&key=k          discovery              -            free
POST /v1beta/models/m:inventTomorrow                unknown                m            unmetered
POST /v1beta/inventions                             unknown                -            unmetered
"""

# Behind `/v1beta1/projects/p/locations/us-central1`.
VERTEX = """
POST /publishers/google/models/m:generateContent generateContent m metered labels
POST /publishers/google/models/m:streamGenerateContent streamGenerateContent m metered labels
POST /publishers/google/models/m:countTokens        countTokens            m            free
POST /publishers/google/models/m:computeTokens      computeTokens          m            free
POST /publishers/google/models/m:embedContent       embedContent           m            metered
POST /publishers/google/models/m:batchEmbedContents batchEmbedContents     m            metered
POST /publishers/google/models/text-embedding-005:predict predict text-embedding-005 metered
POST /publishers/google/models/imagen-4:predict predict imagen-4 metered labels
POST /publishers/google/models/veo-3:predictLongRunning predictLongRunning veo-3 settled asks
POST /publishers/google/models/veo-3:fetchPredictOperation fetchPredictOperation  veo-3        told
GET /publishers/google/models/veo-3/operations/o   getOperation           veo-3        told
POST /publishers/google/models/m:serverStreamingPredict serverStreamingPredict m unmetered
POST /publishers/google/models/m/invoke/v1/chat     invoke                 m            unmetered
GET /publishers/google/models/m                    getModel               m            free
POST /endpoints/1:generateContent generateContent endpoints/1 metered labels
POST /endpoints/1:streamGenerateContent streamGenerateContent endpoints/1 metered labels
POST /endpoints/1:countTokens                       countTokens            endpoints/1  free
POST /endpoints/1:predict                           predict                endpoints/1  unmetered
POST /endpoints/1:rawPredict                        rawPredict             endpoints/1  unmetered
POST /endpoints/1:predictLongRunning                predictLongRunning     endpoints/1  settled asks
POST /endpoints/1/invoke/v1/x                       invoke                 endpoints/1  unmetered
POST /endpoints/1/deployedModels/2/invoke/v1/x      invoke                 endpoints/1  unmetered
POST /endpoints/openapi/chat/completions            chat.completions       -            metered asks
POST /endpoints/1/chat/completions                  chat.completions       endpoints/1  metered asks
POST /endpoints/openapi/completions                 completions            -            metered asks
POST /endpoints/openapi/embeddings                  embeddings             -            metered asks
POST /endpoints/openapi/responses                   responses              -            metered asks
GET /endpoints/openapi/responses/r                 getResponse            -            free
POST /endpoints/1/v1/responses                      responses              endpoints/1  metered asks
POST /publishers/google/v1/responses                responses              -            metered asks
POST /publishers/google/v1/responses/compact        responses.compact      -            metered asks
GET /publishers/google/v1/responses/r              getResponse            -            free
DELETE /publishers/google/v1/responses/r              deleteResponse         -            free
POST /interactions:create createInteraction - metered asks labels
POST /interactions:createStream createInteraction - metered asks labels
DELETE /interactions/i                                deleteInteraction      -            free
POST /interactions/i:cancel                         cancelInteraction      -            free
GET /interactions/i:poll                           getInteraction         -            told
GET /interactions/i:stream                         getInteraction         -            told
POST /interactionsHttp                              createInteraction      -            metered asks
GET /interactionsHttp/i                            getInteraction         -            told
POST /interactionsHttp/i/cancel                     cancelInteraction      -            free
POST /cachedContents                                createCachedContent    -            metered asks
GET /cachedContents                                listCachedContents     -            told
GET /cachedContents/1                              getCachedContent       -            told
PATCH /cachedContents/1                              updateCachedContent    -            told
DELETE /cachedContents/1                              deleteCachedContent    -            told
POST /batchPredictionJobs createBatchPredictionJob - unmetered asks
GET /batchPredictionJobs/1                         getBatchPredictionJob  -            free
GET /batchPredictionJobs                           listBatchPredictionJobs -            free
POST /batchPredictionJobs/1:cancel                  cancelBatchPredictionJob -            free
POST /tuningJobs                                    createTuningJob        -            unmetered
GET /tuningJobs/1                                  getTuningJob           -            free
POST /tuningJobs/1:cancel                           cancelTuningJob        -            free
POST /publishers/google/files                       createFile             -            free
GET /publishers/google/files/f                     getFile                -            free
GET /operations/o                                  getOperation           -            told
POST /operations/o:wait                             waitOperation          -            told
POST /inventions:do                                 unknown                -            unmetered
"""


def route_rows(table: str) -> list[tuple[str, ...]]:
    """Method, target, operation, model, how it is weighed, and what its body holds."""
    return [tuple(line.split()) for line in table.strip().splitlines()]
