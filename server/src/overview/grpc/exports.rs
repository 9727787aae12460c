//! ExportService: lists on their way out.

use std::pin::Pin;

use gigafleet_proto::v1::{self, export_service_server::ExportService};
use tokio_stream::{Stream, StreamExt as _, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use super::device_query;
use crate::{
    access::service::Access,
    devices::{grpc::encoding_of, service::export::Exports},
    grpc::caller,
    overview::service::Overview,
};

/// Lets staff take lists out.
#[derive(Debug, Clone)]
pub struct ExportGrpc {
    overview: Overview,
    exports: Exports,
    access: Access,
}

impl ExportGrpc {
    /// Answers with these services.
    pub fn new(overview: Overview, exports: Exports, access: Access) -> Self {
        Self { overview, exports, access }
    }
}

#[tonic::async_trait]
impl ExportService for ExportGrpc {
    type ExportDevicesStream = Pin<Box<dyn Stream<Item = Result<v1::ExportDevicesResponse, Status>> + Send>>;

    async fn export_devices(
        &self,
        request: Request<v1::ExportDevicesRequest>,
    ) -> Result<Response<Self::ExportDevicesStream>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let encoding = encoding_of(request.encoding());
        let query = device_query(&v1::ListDevicesRequest {
            municipality_id: request.municipality_id,
            school_id: request.school_id,
            ..request.list.unwrap_or_default()
        })?;
        let pieces = self.overview.export(&self.exports, &staff, query, encoding).await?;
        let stream = ReceiverStream::new(pieces).map(|piece| {
            let piece = piece?;
            Ok(v1::ExportDevicesResponse {
                content: piece.content,
                device_count: piece.devices,
                replaced_count: piece.replaced,
            })
        });
        Ok(Response::new(Box::pin(stream)))
    }
}
