//! Files in the hands of the platform's own uploader, which goes on when the app is suspended or ended: a background
//! `URLSession`, say.

use fieldfolio_core::device::{BackgroundUpload as Upload, BackgroundUploader, Body, HttpAnswer};
use fieldfolio_core::sync::Failure;

use super::super::{FieldfolioError, OsRng, now, token};
use super::SyncService;

/// One whole request for the platform's uploader: its body is a stretch of a file. Write that stretch to a file of its own
/// where the platform wants one.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct BackgroundUpload {
    /// What it is handed back under. Keep it with the platform's task.
    pub name: String,
    /// "POST".
    pub method: String,
    /// The whole address.
    pub url: String,
    /// All headers, the authorization among them.
    pub headers: Vec<Header>,
    /// The file.
    pub path: String,
    /// The stretch's first byte in it.
    pub offset: u64,
    /// How many bytes.
    pub length: u64,
}

/// A header of a request.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Header {
    pub name: String,
    pub value: String,
}

/// What the platform brought back for an upload.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct BackgroundUploadAnswer {
    /// The status; none where no answer came.
    pub status: Option<u16>,
    /// The `Location` header.
    #[uniffi(default)]
    pub location: Option<String>,
    /// The `Upload-Offset` header.
    #[uniffi(default)]
    pub upload_offset: Option<u64>,
}

/// Takes up to so many.
struct Basket {
    uploads: Vec<Upload>,
    most: usize,
}

impl BackgroundUploader for Basket {
    fn take(&mut self, upload: Upload) -> bool {
        let takes = self.uploads.len() < self.most && matches!(upload.ask.body, Body::File { .. });
        if takes {
            self.uploads.push(upload);
        }
        takes
    }
}

#[uniffi::export]
impl SyncService {
    /// Hands files that are ready to be sent to the platform's uploader, as the app goes to the background. What it has is
    /// not sent from here until `take_back`.
    pub async fn background_uploads(&self, most: u32) -> Result<Vec<BackgroundUpload>, FieldfolioError> {
        let authorization = format!("Bearer {}", token(&self.handle.identity));
        self.handle
            .with(move |device| {
                let mut basket = Basket { uploads: Vec::new(), most: most as usize };
                device.background_uploads(&mut basket)?;
                let uploads = basket.uploads.into_iter().filter_map(|Upload { name, ask }| {
                    let Body::File { path, offset, length } = ask.body else { return None };
                    let header = |(name, value): (&str, String)| Header { name: name.to_owned(), value };
                    let mut headers: Vec<Header> = ask.headers.into_iter().map(header).collect();
                    headers.push(header(("Authorization", authorization.clone())));
                    Some(BackgroundUpload {
                        name,
                        method: ask.method.to_owned(),
                        url: ask.url,
                        headers,
                        path: path.to_string_lossy().into_owned(),
                        offset,
                        length,
                    })
                });
                Ok(uploads.collect())
            })
            .await
    }

    /// Takes what the platform brought back for the upload of this name. One that failed is sent from here. When all of a
    /// file arrived, the next sync has the school join it.
    pub async fn background_upload_done(
        &self,
        name: String,
        answer: BackgroundUploadAnswer,
    ) -> Result<(), FieldfolioError> {
        let answer = match answer.status {
            Some(status) => Ok(HttpAnswer {
                status,
                location: answer.location,
                upload_offset: answer.upload_offset,
                ..HttpAnswer::default()
            }),
            None => Err(Failure::Unreachable),
        };
        self.handle
            .with(move |device| Ok(device.background_upload_done(&name, answer, now(), &mut OsRng)?))
            .await?;
        self.handle.nudge();
        Ok(())
    }

    /// The platform says that it has nothing any more: everything is sent from here.
    pub async fn take_back(&self) -> Result<(), FieldfolioError> {
        self.handle.with(|device| Ok(device.take_back()?)).await?;
        self.handle.nudge();
        Ok(())
    }
}
